// Goal: the stand-in treats a plugin as Mattermost does. Method: a small plugin in a process of its
// own, over a real socket, driven through the stand-in's HTTP and hooks.
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fixtureBundle, fixtureId, fixtureMain } from './fixture-bundle.ts';
import { pluginState, startHost, type Host } from './index.ts';

const id = fixtureId;

let directory = '';
let host: Host;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'host-'));
  host = await startHost({ directory });
  await host.installPlugin(await fixtureBundle());
  await host.enable(id);
});

afterAll(async () => {
  await host.stop();
  await rm(directory, { recursive: true });
  expect(host.violations).toEqual([]);
});

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

/** A request with exactly these headers, over Node's own client. */
function ask(
  method: string,
  path: string,
  headers: Record<string, string | string[]> = {},
  body?: Uint8Array | string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${host.url}${path}`, { method, headers }, (response) => {
      buffer(response).then(
        (content) =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: content }),
        reject,
      );
    });
    request.once('error', reject);
    request.end(body);
  });
}

/** What the plugin saw of a request. */
async function seen(
  method: string,
  path: string,
  headers: Record<string, string | string[]>,
  body?: string,
): Promise<{ url: string; headers: Record<string, string> }> {
  const answer = await ask(method, `/plugins/${id}${path}`, headers, body);
  expect(answer.status).toBe(201);
  const [, url, got] = JSON.parse(String(answer.headers['x-seen'])) as [
    string,
    string,
    Record<string, string>,
  ];
  return { url, headers: got };
}

describe('activation', () => {
  test('lists hooks, lends the API and reads both logs', async () => {
    const { process, hooks } = host.active(id);
    expect(host.plugin(id).state).toBe(pluginState.running);
    expect([...hooks.implemented]).toContain('ServeHTTP');
    expect(process.handshakeMs).toBeGreaterThan(0);
    expect(host.logs).toContainEqual({
      level: 'info',
      message: 'from stderr',
      source: 'stderr',
      fields: { number: 5 },
    });
    const answer = await host.request(id, '/api', host.logIn());
    expect(await answer.json()).toMatchObject({
      configuration: { greeting: 'hello', count: null },
      version: '11.2.0',
      status: { state: 2, version: '1.2.3' },
      bundlePath: join(directory, 'plugins', id),
      isAdmin: false,
      missing: true,
      inserted: true,
      insertedTwice: false,
      read: 'value',
      keys: ['key'],
    });
    expect(host.clusterEvents).toMatchObject([{ id: 'event' }]);
    expect(host.webSocketEvents).toEqual([
      { name: `custom_${id}_news`, payload: { count: 1 }, isForAdmins: false, userId: '' },
    ]);
    const warning = host.logs.find(({ message }) => message === 'a warning');
    expect(warning).toMatchObject({ level: 'warn', source: 'api' });
    expect(host.auditRecords).toEqual([
      {
        ...{ event: 'tryThings', status: 'success', userId: 'somebody', objectType: 'thing' },
        parameters: { id: 'x', count: 2 },
      },
    ]);
  });

  test("serves plugins' metrics on the metrics port, to whoever asks", async () => {
    const port = createServer(host.metricsPort);
    await new Promise<void>((resolve) => port.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${String((port.address() as AddressInfo).port)}`;
      const answer = await fetch(`${url}/plugins/${id}/metrics`);
      expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4');
      expect(await answer.text()).toBe('fixture_metric{url="/",by="nobody"} 1\n');
      expect((await fetch(`${url}/plugins/${id}/api`)).status).toBe(404);
      expect((await fetch(`${url}/plugins/com.example.absent/metrics`)).status).toBe(404);
    } finally {
      port.closeAllConnections();
      port.close();
    }
  });

  test('passes configuration changes and the refusal of a plugin on', async () => {
    const rude = { PluginSettings: { Plugins: { [id]: { greeting: 'rude' } } } };
    await expect(host.saveConfiguration(rude)).rejects.toThrow('be polite');
    expect(host.configuration.PluginSettings.Plugins[id]).toBeUndefined();
    await host.saveConfiguration({ PluginSettings: { Plugins: { [id]: { greeting: 'hi' } } } });
    const answer = await host.request(id, '/api', host.logIn());
    expect(await answer.json()).toMatchObject({ configuration: { greeting: 'hi' }, events: 2 });
  });

  test('collects support data and passes cluster events on', async () => {
    const [file] = await host.generateSupportData(id);
    expect(file?.filename).toBe('fixture/data.bin');
    expect(file?.body.length).toBe(3_000_000);
    await host.active(id).hooks.onPluginClusterEvent('from afar', Buffer.from('x'));
  });
});

describe('plugin HTTP', () => {
  test('streams bodies both ways', async () => {
    const body = Buffer.alloc(1_500_000, 'x');
    const echo = await ask('POST', `/plugins/${id}/echo`, {}, body);
    expect(echo.status).toBe(201);
    expect(echo.body.equals(body)).toBe(true);
    expect(echo.headers).toMatchObject({ 'x-twice': 'a, b', 'referrer-policy': 'no-referrer' });
    const stream = await ask('GET', `/plugins/${id}/stream`);
    expect(stream.body.length).toBe(1_600_000);
    expect(stream.body.at(-1)).toBe(7);
  });

  test('keeps the rules of HTTP for answers without a body', async () => {
    const head = await ask('HEAD', `/plugins/${id}/stream`);
    expect([head.status, head.body.length]).toEqual([200, 0]);
    expect((await ask('GET', `/plugins/${id}/empty`)).status).toBe(204);
    expect((await ask('GET', `/plugins/${id}/nothing`)).status).toBe(404);
    expect((await ask('GET', '/plugins/com.example.none/x')).status).toBe(404);
  });

  test('closes the connection when an answer is shorter than declared', async () => {
    await expect(ask('GET', `/plugins/${id}/short`)).rejects.toThrow();
  });

  test('takes out what a plugin must not see, and says who asks', async () => {
    const { token, user } = host.logIn('user');
    const { url, headers } = await seen('GET', '/echo?b=2&access_token=x&a=1', {
      Authorization: `Bearer ${token}`,
      Cookie: `MMAUTHTOKEN=${token}; theme=dark`,
      Referer: 'http://elsewhere/',
      'Mattermost-User-Id': 'forged',
      'Mattermost-Plugin-ID': 'forged',
      'X-Other': 'kept',
    });
    expect(url).toBe('/echo?a=1&b=2');
    expect(headers).toMatchObject({
      'mattermost-user-id': user.id,
      cookie: 'theme=dark',
      'x-other': 'kept',
    });
    for (const name of ['authorization', 'referer', 'mattermost-plugin-id']) {
      expect(headers).not.toHaveProperty(name);
    }
    const unknown = await seen('GET', '/echo', { Authorization: 'Bearer nobody' });
    expect(unknown.headers).toMatchObject({ authorization: 'Bearer nobody' });
    expect(unknown.headers).not.toHaveProperty('mattermost-user-id');
  });

  test('asks sessions by cookie for the CSRF token, except for GET', async () => {
    const { token, csrf, user } = host.logIn();
    const cookie = { Cookie: `MMAUTHTOKEN=${token}` };
    const userOf = async (...request: Parameters<typeof seen>) =>
      (await seen(...request)).headers['mattermost-user-id'];
    expect(await userOf('GET', '/echo', cookie)).toBe(user.id);
    expect(await userOf('POST', '/echo', cookie, 'body')).toBeUndefined();
    expect(await userOf('POST', '/echo', { ...cookie, 'X-CSRF-Token': csrf }, 'x')).toBe(user.id);
    expect(await userOf('POST', '/echo', cookie, `csrf=${csrf}`)).toBe(user.id);
    const xhr = { ...cookie, 'X-Requested-With': 'XMLHttpRequest' };
    expect(await userOf('POST', '/echo', xhr)).toBe(user.id);
  });

  test('lives on when the client goes away in the middle of a download', async () => {
    await new Promise<void>((resolve, reject) => {
      const request = httpRequest(`${host.url}/plugins/${id}/stream`, (response) => {
        response.once('data', () => {
          response.destroy();
          resolve();
        });
      });
      request.once('error', reject);
      request.end();
    });
    expect((await ask('GET', `/plugins/${id}/empty`)).status).toBe(204);
  });
});

describe('REST API', () => {
  test('logs in, refuses strangers, and serves the webapp', async () => {
    const body = JSON.stringify({ login_id: 'admin', password: 'admin' });
    const logIn = await ask('POST', '/api/v4/users/login', {}, body);
    expect(logIn.status).toBe(200);
    expect(String(logIn.headers['set-cookie'])).toContain('MMCSRF=');
    expect((await ask('GET', '/api/v4/plugins/statuses')).status).toBe(401);
    expect((await ask('GET', '/api/v4/plugins/statuses', host.logIn('user').headers)).status).toBe(
      403,
    );
    const { body: list } = await ask('GET', '/api/v4/plugins/webapp');
    const [webapp] = JSON.parse(list.toString()) as { webapp: { bundle_path: string } }[];
    expect(webapp?.webapp.bundle_path).toMatch(/^\/static\/plugins\/.*_bundle\.js$/);
    const script = await ask('GET', webapp?.webapp.bundle_path ?? '');
    expect(script.body.toString()).toBe('the webapp');
  });

  test('takes an upload as the server does', async () => {
    const { headers } = host.logIn();
    const upload = async (content: Uint8Array, force: boolean) => {
      const form = new FormData();
      if (force) form.set('force', 'true');
      form.set('plugin', new Blob([content as Uint8Array<ArrayBuffer>]), 'bundle.tar.gz');
      const url = `${host.url}/api/v4/plugins`;
      const answer = await fetch(url, { method: 'POST', headers, body: form });
      return { status: answer.status, text: await answer.text() };
    };
    const newer = await fixtureBundle('1.2.4');
    expect(await upload(newer, false)).toMatchObject({ status: 400 });
    expect(await upload(Buffer.from('no bundle'), true)).toMatchObject({ status: 400 });
    // An upgrade of an enabled plugin starts the new version.
    expect(await upload(newer, true)).toMatchObject({ status: 201 });
    expect(host.plugin(id).state).toBe(pluginState.running);
    expect(host.plugin(id).manifest.version).toBe('1.2.4');
    expect((await stat(join(directory, 'data/plugins', `${id}.tar.gz`))).size).toBe(newer.length);
    await host.saveConfiguration({ FileSettings: { MaxFileSize: newer.length } });
    const tooLarge = await upload(newer, true);
    expect(tooLarge).toEqual({ status: 400, text: 'http: request body too large\n' });
  });
});

describe('supervision', () => {
  test('answers 500 when the plugin dies, restarts it twice, and then gives up', async () => {
    const plugin = host.plugin(id);
    for (const state of [
      pluginState.running,
      pluginState.running,
      pluginState.failedToStayRunning,
    ]) {
      expect((await ask('GET', `/plugins/${id}/crash`)).status).toBe(500);
      await plugin.checkHealth();
      expect(plugin.state).toBe(state);
    }
    expect((await ask('GET', `/plugins/${id}/echo`)).status).toBe(404);
  });

  test('ends a plugin in order and leaves no process', async () => {
    const { active } = await host.enable(id);
    await host.disable(id);
    expect(await active?.process.exited).toBe('exit status 0');
    expect(host.logs.some(({ message }) => message === 'deactivated')).toBe(true);
    expect(host.plugin(id).state).toBe(pluginState.notRunning);
  });

  test('says why a plugin does not start', async () => {
    const failing = async (script: string, environment = {}) => {
      const other = await startHost({
        directory: join(directory, 'other'),
        environment,
        command: () => ({
          file: process.execPath,
          args: script === '' ? [fixtureMain] : ['-e', script],
        }),
      });
      await other.installPlugin(await fixtureBundle());
      const reason = await other.enable(id).then(
        () => 'runs',
        (error: unknown) => (error as Error).message,
      );
      expect(other.plugin(id).state).toBe(pluginState.failedToStart);
      await other.stop();
      return reason;
    };
    expect(await failing('', { FIXTURE_REFUSES: '1' })).toContain('will not start');
    expect(await failing('console.log("hello")')).toContain('Unrecognized remote plugin message');
    expect(await failing('process.exit(3)')).toContain('exit status 3');
  });
});
