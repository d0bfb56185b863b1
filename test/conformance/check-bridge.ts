import { request as httpRequest, type IncomingMessage } from 'node:http';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { admin, holds, same } from './bed.ts';
import { eventually, figure, within, type Checks } from './checks.ts';
import { stateRunning, type GoHost, type HostStatus } from './go-host.ts';

/** What the probe tells of itself. */
interface Seen {
  configurationChanges: number;
  events: string[];
  running: number;
  aborted: number;
  pid: number;
}

/** What the checks need to know of the server they run under. */
export interface BridgeServer {
  checks: Checks;
  host: GoHost;
  version: string;
  hasFlush: boolean;
}

/** Every hook, every call and every form of an answer, with the probe as the plugin. */
export async function checkBridge(server: BridgeServer): Promise<void> {
  const { checks, host, version } = server;
  const check = (title: string, run: (isAgain: boolean) => Promise<unknown>) =>
    checks.check(`server ${version}: ${title}`, (isAgain) =>
      Promise.race([run(isAgain), tooLate()]),
    );
  await check('it starts and activates', async () => {
    await host.activate();
    const status = await host.status();
    same(status.state, stateRunning, 'state');
    same(status.serverVersion, version, 'version');
  });
  await check('every call of the API gives what it must', () => checkCalls(host, version));
  await check('every hook arrives', () => checkHooks(host));
  await check('headers, bodies and statuses go through both ways', () => checkExchanges(host));
  await check('an answer that breaks off breaks at the client', () => checkBreak(host));
  await check('a client that goes away is noticed within a second', () => checkAborts(host));
  await check(`an unfinished answer ${server.hasFlush ? 'is shown' : 'waits'}`, () =>
    checkFlush(server),
  );
  await check('a blocked event loop is told by ourselves first', () => checkBlocked(host));
  await check('log lines have their level', () => checkLog(host));
  await check('it quits within two seconds', async (isAgain) => {
    if (isAgain) await host.activate();
    const { ms } = await host.control<{ ms: number }>('POST', '/deactivate');
    figure('it quits', ms, 2000);
  });
}

/** A check that waits for ever would hide all that follow. */
async function tooLate(): Promise<never> {
  await wait(180_000, undefined, { ref: false });
  throw new Error('not done within three minutes');
}

async function getJson<Reply>(host: GoHost, path: string): Promise<Reply> {
  const response = await host.request(path, admin);
  same(response.status, 200, path);
  return (await response.json()) as Reply;
}

const seenBy = (host: GoHost) => getJson<Seen>(host, '/seen');

async function checkCalls(host: GoHost, version: string): Promise<void> {
  const reply = await getJson<Record<string, unknown>>(host, '/api');
  const { license, status, installDateMs, diagnosticId, bundlePath, metrics, audit, ...rest } =
    reply;
  same((license as { skuShortName: string }).skuShortName, 'enterprise', 'licence');
  same((status as { state: number }).state, stateRunning, 'state of the plugin');
  same(bundlePath, host.bundlePath, 'bundle path');
  same(JSON.stringify(metrics), '{"enable":true,"listenAddress":":8067"}', 'metrics');
  holds(typeof diagnosticId === 'string' && diagnosticId.length === 26, 'diagnostic id');
  holds(Math.abs(Date.now() - Number(installDateMs)) < 2 * 86_400_000, 'install date');
  const expected = {
    greeting: 'hello',
    siteUrl: 'http://mattermost.example.com',
    file: { driverName: 'local', directory: './data/' },
    version,
    noStatus: 'app.plugin.not_installed.app_error',
    isAdmin: true,
    isNoAdmin: false,
    inserted: true,
    insertedTwice: false,
    swapped: true,
    swappedTwice: false,
    value: 'second',
    size: 300_000,
    keys: ['key', 'other'],
    keysAfter: ['key'],
    removed: true,
    tooLong: 'API_ARGUMENT',
    empty: 'API_ARGUMENT',
    noPermission: 'API_ARGUMENT',
  };
  const sorted = (value: object) => JSON.stringify(Object.entries(value).sort());
  same(sorted(rest), sorted(expected), 'replies');
  const { events, webSocketEvents } = await host.status();
  holds(webSocketEvents?.[0]?.name.endsWith('_news') === true, 'no web socket event');
  const hasAudit = !version.startsWith('10.3.');
  same(audit, hasAudit ? 'no error' : 'RPC_REMOTE', 'audit record');
  const isAudited = events?.includes('audit tryThings success by somebody') === true;
  same(isAudited, hasAudit, 'audit record seen');
}

async function checkHooks(host: GoHost): Promise<void> {
  const before = await seenBy(host);
  const save = (greeting: string) =>
    host.control<{ refused: string | null }>('POST', '/config', {
      PluginSettings: { Plugins: { [host.pluginId]: { greeting } } },
    });
  same((await save('rude')).refused, 'be polite', 'refused');
  same((await save('kind')).refused, null, 'not refused');
  await host.deliver('from-afar', Buffer.from('{}'), 60_000);
  const after = await seenBy(host);
  same(after.configurationChanges, before.configurationChanges + 1, 'configuration changes');
  same(after.events.join(), 'from-afar', 'cluster events');
  const { files } = await host.control<{ files: { filename: string; bytes: number }[] }>(
    'POST',
    `/support?dir=${encodeURIComponent(host.directory)}`,
  );
  same(files.map(({ filename, bytes }) => `${filename} ${bytes}`).join(), 'probe/data.bin 3000000');
  const { state } = await host.control<HostStatus>('POST', '/check');
  same(state, stateRunning, 'state after a ping');
}

async function checkExchanges(host: GoHost): Promise<void> {
  const headers = await host.request('/headers', admin, { headers: { 'X-Own': 'ü' } });
  const got = (await headers.json()) as Record<string, string>;
  same(got['mattermost-user-id'], admin, 'user');
  const head = await host.request('/download?size=5000', admin, { method: 'HEAD' });
  same(`${head.status} ${head.headers.get('content-length')}`, '200 5000', 'HEAD');
  same((await head.arrayBuffer()).byteLength, 0, 'body of HEAD');
  const range = await host.request('/range', admin, { headers: { Range: 'bytes=10-19' } });
  same(`${range.status} ${range.headers.get('content-range')}`, '206 bytes 10-19/65536', 'range');
  same((await range.text()).length, 10, 'body of the range');
  for (const [path, status] of [
    ['/nothing', 204],
    ['/unchanged', 304],
    ['/other', 404],
  ] as const) {
    const response = await host.request(path, admin);
    same(response.status, status, path);
    same((await response.arrayBuffer()).byteLength, 0, `body of ${path}`);
  }
  const size = 20_000_000;
  const upload = await host.request('/upload', admin, { method: 'POST', body: Buffer.alloc(size) });
  same(await upload.text(), String(size), 'bytes of the upload');
  const body = Buffer.alloc(size);
  same((await host.request('/unread', admin, { method: 'POST', body })).status, 413, 'unread');
  const download = await host.request(`/download?size=${size}`, admin);
  same((await download.arrayBuffer()).byteLength, size, 'bytes of the download');
}

async function checkBreak(host: GoHost): Promise<void> {
  const outcome = await host
    .request('/break', admin)
    .then((response) => response.text())
    .catch(() => 'broken');
  same(outcome, 'broken', 'an answer of a promised length');
}

/** A connection of its own, which can be dropped at any point. */
function begin(host: GoHost, method: string, path: string, bytes = 0) {
  const url = `${host.pluginUrl}${path}`;
  const headers = { 'x-test-user': admin, ...(bytes > 0 ? { 'content-length': bytes } : {}) };
  const outgoing = httpRequest(url, { method, headers, agent: false });
  outgoing.on('error', () => undefined);
  if (bytes === 0) outgoing.end();
  const answered = new Promise<IncomingMessage>((resolve) => outgoing.once('response', resolve));
  return { outgoing, answered };
}

async function checkAborts(host: GoHost): Promise<void> {
  // The probe that asks is itself a request that runs.
  const idle = async () => ((await seenBy(host)).running === 1 ? true : undefined);
  await eventually('nothing runs before', 1000, idle);
  const download = begin(host, 'GET', '/download?size=500000000');
  const response = await download.answered;
  await new Promise((resolve) => response.once('readable', resolve));
  download.outgoing.destroy();
  await within('an aborted download has ended', 1000, idle);
  const upload = begin(host, 'POST', '/upload', 50_000_000);
  upload.outgoing.write(Buffer.alloc(100_000));
  await eventually('the upload runs', 1000, async () =>
    (await seenBy(host)).running === 2 ? true : undefined,
  );
  upload.outgoing.destroy();
  await within('an aborted upload has ended', 1000, idle);
}

async function checkFlush({ host, hasFlush }: BridgeServer): Promise<void> {
  const { outgoing, answered } = begin(host, 'GET', '/live');
  const first = Promise.race([
    answered.then(
      (response) =>
        new Promise<string>((resolve) => response.once('data', (d) => resolve(String(d)))),
    ),
    wait(hasFlush ? 30_000 : 1500, 'nothing', { ref: false }),
  ]);
  same((await first).trim(), hasFlush ? 'data: first' : 'nothing', 'what came');
  outgoing.destroy();
}

async function checkBlocked(host: GoHost): Promise<void> {
  await host.request('/block?ms=3500', admin);
  await eventually('the line in the log', 3000, async () => {
    const log = await readFile(`${host.directory}/host.log`, 'utf8');
    return log.includes('The event loop was blocked') ? true : undefined;
  });
}

async function checkLog(host: GoHost): Promise<void> {
  const log = await readFile(`${host.directory}/host.log`, 'utf8');
  const line = log.split('\n').find((text) => text.includes('from stderr'));
  holds(line?.includes('"level":"warn"') === true, `stderr came as ${String(line)}`);
}
