import type { PluginApi } from '../../../server/mattermost/index.ts';

/** Every call of the API once, and what must not be sent; the reply says what came. */
export async function callEverything(api: PluginApi): Promise<Record<string, unknown>> {
  await publish(api);
  return { ...(await askServer(api)), ...(await useKeys(api)), audit: await audit(api) };
}

async function askServer(api: PluginApi) {
  const config = await api.getUnsanitizedConfig();
  return {
    greeting: (await api.loadPluginConfiguration())['greeting'],
    siteUrl: config.service.siteUrl,
    metrics: config.metrics,
    file: config.file,
    version: await api.getServerVersion(),
    license: await api.getLicense(),
    diagnosticId: await api.getDiagnosticId(),
    installDateMs: await api.getSystemInstallDate(),
    status: await api.getPluginStatus('com.example.probe'),
    noStatus: await codeOf(api.getPluginStatus('com.example.nobody')),
    bundlePath: await api.getBundlePath(),
    isAdmin: await api.hasPermissionTo('adminadminadminadminadmina', 'manage_system'),
    isNoAdmin: await api.hasPermissionTo('nobodynobodynobodynobodyno', 'manage_system'),
  };
}

async function useKeys(api: PluginApi) {
  const [first, second] = [Buffer.from('first'), Buffer.from('second')];
  const atomic = { atomic: true };
  await api.kvSet('other', Buffer.alloc(300_000, 1));
  return {
    missing: await api.kvGet('missing'),
    inserted: await api.kvSetWithOptions('key', first, { ...atomic, expireInSeconds: 60 }),
    insertedTwice: await api.kvSetWithOptions('key', first, atomic),
    swapped: await api.kvCompareAndSet('key', first, second),
    swappedTwice: await api.kvCompareAndSet('key', first, second),
    value: Buffer.from((await api.kvGet('key')) ?? []).toString(),
    size: (await api.kvGet('other'))?.length,
    keys: (await api.kvList(0, 10)).sort(),
    keysAfter: await keysWithout(api, 'other'),
    removed: await api.kvSetWithOptions('key', undefined, { ...atomic, oldValue: second }),
    tooLong: await codeOf(api.kvSet('k'.repeat(151), first)),
    empty: await codeOf(api.kvSet('key', new Uint8Array(0))),
    noPermission: await codeOf(api.hasPermissionTo('somebody', '')),
  };
}

async function keysWithout(api: PluginApi, key: string): Promise<string[]> {
  await api.kvDelete(key);
  return api.kvList(0, 10);
}

async function publish(api: PluginApi): Promise<void> {
  await api.publishPluginClusterEvent(
    { id: 'event', data: Buffer.from('x') },
    { sendType: 'reliable' },
  );
  await api.publishWebSocketEvent(
    'news',
    { count: 1, text: 'x', isNew: true, nothing: null },
    { userId: 'adminadminadminadminadmina' },
  );
}

/** Servers before 10.11 have no such call. */
function audit(api: PluginApi): Promise<unknown> {
  const actor = { userId: 'somebody', client: 'probe', ipAddress: '', forwardedFor: '' };
  const what = { event: 'tryThings', apiPath: '', objectType: 'probe' };
  const parameters = { text: 'x', count: 1, isNew: true, nothing: null };
  return codeOf(api.logAuditRecord({ ...what, isSuccess: true, actor, parameters }));
}

async function codeOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
    return 'no error';
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}
