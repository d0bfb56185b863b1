import { describe, expect, test } from '@jest/globals';
import {
  anyValue,
  asStruct,
  bytes,
  interfaceField,
  interfaceMap,
  interfaceValue,
  listField,
  map,
  string,
  struct,
} from '../../lib/gob/index.ts';
import { FakeDriver } from './fake-driver-fixture.ts';
import { FakeHost, errorText, fakeHooks } from './fake-host-fixture.ts';
import type { Host, PluginHooks } from './hooks.ts';
import { sleep, systemClock } from '../../lib/runtime/index.ts';

/** Everything the host's log has seen once `text` is among it. */
async function logged(host: FakeHost, text: string): Promise<string> {
  while (!host.logLines.some((line) => line.includes(text))) await sleep(systemClock, 1);
  return host.logLines.find((line) => line.includes(text)) ?? '';
}

describe('activation', () => {
  test('lists no hook that the plugin leaves out, and does without each', async () => {
    const host = await FakeHost.start(() =>
      Promise.resolve({ onActivate: () => Promise.resolve() }),
    );
    expect(await host.call('Implemented')).toEqual(['OnActivate']);
    expect(await host.activate()).toBeUndefined();
    expect(await host.call('OnConfigurationChange')).toEqual({});
    expect(await host.call('GenerateSupportData')).toEqual({ A: [] });
    expect(await host.stop()).toBe(0);
  });

  test('tells a plugin that cannot be loaded when it is activated', async () => {
    const host = await FakeHost.start(() => Promise.reject(new Error('a module is missing')));
    expect(await host.call('Implemented')).toEqual(['OnActivate']);
    expect(await host.activate()).toBe('a module is missing');
    expect(await host.stop()).toBe(0);
  });

  test('lists exactly the hooks there are and refuses others', async () => {
    const host = await FakeHost.active();
    expect(await host.call('Implemented')).toEqual([
      'OnActivate',
      'OnDeactivate',
      'OnConfigurationChange',
      'ConfigurationWillBeSaved',
      'ServeHTTP',
      'ServeMetrics',
      'GenerateSupportData',
      'OnPluginClusterEvent',
    ]);
    await expect(host.call('MessageHasBeenPosted')).rejects.toMatchObject({
      message: "rpc: can't find method Plugin.MessageHasBeenPosted",
    });
    expect(await host.stop()).toBe(0);
  });

  test('takes the configuration first, then activates, and logs to the server', async () => {
    const order: string[] = [];
    const host = await FakeHost.active({
      onConfigurationChange: ({ logger }: Host) => {
        order.push('configuration');
        logger.info('configured', { at: 1 });
        return Promise.resolve();
      },
      onActivate: () => {
        order.push('activate');
        return Promise.resolve();
      },
      onDeactivate: () => {
        order.push('deactivate');
        return Promise.resolve();
      },
    });
    expect(await logged(host, 'configured')).toBe('info configured at 1');
    await host.call('OnConfigurationChange');
    expect(errorText(asStruct(await host.call('OnDeactivate')), 'A')).toBeUndefined();
    expect(await host.stop()).toBe(0);
    expect(order).toEqual(['configuration', 'activate', 'configuration', 'deactivate']);
    expect(host.stderr).toEqual([]);
  });

  test('dials back at once even when the plugin loads slowly', async () => {
    let loaded: (hooks: PluginHooks) => void = () => undefined;
    const host = await FakeHost.start(
      () =>
        new Promise<PluginHooks>((resolve) => {
          loaded = resolve;
        }),
    );
    // It settles only after both dials were accepted.
    const activated = host.activate();
    await sleep(systemClock, 5);
    loaded(fakeHooks());
    expect(await activated).toBeUndefined();
    await host.stop();
  });

  test('tells why it failed, also when the plugin cannot be loaded', async () => {
    const f = async (load: () => Promise<PluginHooks>, want: string | undefined) => {
      const host = await FakeHost.start(load);
      expect(await host.activate()).toBe(want);
      expect(await host.stop()).toBe(0);
    };
    await f(() => Promise.reject(new Error('no module')), 'no module');
    await f(() => {
      throw new Error('syntax');
    }, 'syntax');
    const failing = fakeHooks({ onActivate: () => Promise.reject(new Error('disk is full')) });
    await f(() => Promise.resolve(failing), 'disk is full');
    const odd = fakeHooks({ onConfigurationChange: () => Promise.reject(new Error('bad value')) });
    await f(() => Promise.resolve(odd), undefined);
  });
});

describe('hooks', () => {
  test('judge a configuration by our own settings', async () => {
    const config = struct('Config', {
      PluginSettings: struct('PluginSettings', { Plugins: map(string, interfaceMap) }),
    });
    const schema = struct('Args', { A: config });
    const seen: unknown[] = [];
    const host = await FakeHost.active({
      configurationWillBeSaved: (own) => {
        seen.push(own);
        return Promise.resolve(own?.['interval'] === 0 ? 'the interval is 0' : undefined);
      },
    });
    const f = async (settings: Record<string, unknown>) => {
      const Plugins = { 'com.example': settings as never, other: {} };
      const argument = { A: { PluginSettings: { Plugins } } };
      return asStruct(await host.call('ConfigurationWillBeSaved', schema, argument));
    };
    const nested = interfaceValue('[]interface {}', [interfaceValue('string', 'x'), null]);
    const bad = await f({ interval: interfaceValue('float64', 0), __proto__list: nested });
    // The server's own kind of error: of another one nobody sees the reason.
    const refusal = interfaceField(bad, 'B');
    expect(refusal?.typeName).toBe('*model.AppError');
    expect(refusal?.value).toMatchObject({
      Message: 'the interval is 0',
      StatusCode: 400,
      SkipTranslation: true,
    });
    expect(await f({ interval: interfaceValue('float64', 5) })).toEqual({});
    await host.call('ConfigurationWillBeSaved', schema, { A: {} });
    expect(seen).toEqual([{ interval: 0, __proto__list: ['x', null] }, { interval: 5 }, undefined]);
    await host.stop();
  });

  test('return support data, large too, or the reason why not', async () => {
    const body = Buffer.alloc(3_000_000, 'x');
    const host = await FakeHost.active({
      generateSupportData: () => Promise.resolve([{ filename: 'a/b.txt', body }]),
    });
    const reply = asStruct(await host.call('GenerateSupportData'));
    const [file] = listField(reply, 'A');
    expect(asStruct(file)['Filename']).toBe('a/b.txt');
    expect(body.equals(asStruct(file)['Body'] as Uint8Array)).toBe(true);
    await host.stop();
    const failing = await FakeHost.active({
      generateSupportData: () => Promise.reject(new Error('too large')),
    });
    expect(errorText(asStruct(await failing.call('GenerateSupportData')), 'B')).toBe('too large');
    await failing.stop();
  });

  test('receive events of other nodes', async () => {
    const events: unknown[] = [];
    const host = await FakeHost.active({
      onPluginClusterEvent: (event) => {
        events.push(event);
        return Promise.resolve();
      },
    });
    const event = struct('PluginClusterEvent', { Id: string, Data: bytes });
    const schema = struct('Args', { A: struct('Context', { RequestId: string }), B: event });
    const send = (B: object) => host.call('OnPluginClusterEvent', schema, { A: {}, B });
    await send({ Id: 'lease', Data: Uint8Array.of(1, 2) });
    await send({ Id: 'empty' });
    expect(events).toEqual([
      { id: 'lease', data: Uint8Array.of(1, 2) },
      { id: 'empty', data: new Uint8Array(0) },
    ]);
    await host.stop();
  });

  test('run side by side', async () => {
    let release: () => void = () => undefined;
    const host = await FakeHost.active({
      generateSupportData: () =>
        new Promise((resolve) => {
          release = () => resolve([]);
        }),
      onPluginClusterEvent: () => {
        release();
        return Promise.resolve();
      },
    });
    const slow = host.call('GenerateSupportData');
    await sleep(systemClock, 5);
    await host.call('OnPluginClusterEvent', struct('Args', { B: struct('E', { Id: string }) }), {
      B: { Id: 'x' },
    });
    await slow;
    await host.stop();
  });
});

describe('ending', () => {
  test('deactivates by itself when the server quits or dies without asking', async () => {
    const f = async (end: (host: FakeHost) => Promise<number>, code: number) => {
      let deactivated = 0;
      const host = await FakeHost.active({
        onDeactivate: () => {
          deactivated++;
          return Promise.resolve();
        },
      });
      expect([await end(host), deactivated]).toEqual([code, 1]);
      return host;
    };
    await f((host) => host.stop(), 0);
    const killed = await f((host) => {
      host.connection.session.close();
      return host.exitCode;
    }, 1);
    expect(killed.stderr).toHaveLength(1);
    expect(JSON.parse(killed.stderr[0] ?? '')).toMatchObject({
      '@level': 'error',
      '@message': 'The connection to the server is lost; the plugin ends',
    });
  });

  test('ends the process with one line when the API or the database connection is lost', async () => {
    const f = async (name: string, close: (host: FakeHost) => Promise<void>) => {
      const host = await FakeHost.active();
      await close(host);
      expect(await host.exitCode).toBe(1);
      expect(host.stderr).toHaveLength(1);
      expect(host.stderr[0]).toContain(`the ${name} connection ended`);
    };
    await f('API', (host) => host.closeApi());
    await f('database', (host) => host.closeDriver());
  });

  test('ends the process with one line for whatever nobody caught', async () => {
    const host = await FakeHost.active();
    host.throwUncaught(new Error('a defect'));
    expect(await host.exitCode).toBe(1);
    expect(JSON.parse(host.stderr[0] ?? '')).toMatchObject({
      '@level': 'error',
      '@message': 'the plugin failed and ends',
      error: 'a defect',
    });
  });
});

test('an argument of an unexpected shape fails its call and nothing else', async () => {
  const host = await FakeHost.active();
  await expect(host.call('OnActivate', string, 'x')).rejects.toMatchObject({ code: 'RPC_REMOTE' });
  const odd = struct('Args', { A: anyValue });
  await expect(
    host.call('ConfigurationWillBeSaved', odd, { A: interfaceValue('string', 'x') }),
  ).rejects.toMatchObject({ code: 'RPC_REMOTE' });
  expect((await host.request({})).body.toString()).toBe('hello');
  expect(await host.stop()).toBe(0);
});

describe('the database', () => {
  test('is asked over the connection that the server gave for it', async () => {
    const driver = new FakeDriver();
    driver.result = { columns: [['n', 'INT8']], rows: [[interfaceValue('int64', 7)]] };
    let given: Host | undefined;
    const host = await FakeHost.start(() =>
      Promise.resolve(
        fakeHooks({
          onActivate: (activeHost) => {
            given = activeHost;
            return Promise.resolve();
          },
        }),
      ),
    );
    host.driver = driver.handlers;
    expect(await host.activate()).toBeUndefined();
    const options = { dialect: 'postgres' } as const;
    expect(await given?.database.query('SELECT 7', [], options)).toEqual({
      columns: ['n'],
      rows: [[7]],
    });
    expect([driver.crashes, driver.open.size]).toEqual([[], 0]);
    expect(await host.stop()).toBe(0);
  });
});

describe('metrics', () => {
  test('are served by a hook of their own', async () => {
    const host = await FakeHost.active({
      metricsListener: (request, response) => {
        response.setHeader('Content-Type', 'text/plain');
        response.end(`metrics at ${request.url ?? ''}`);
      },
    });
    const response = await host.request({ hook: 'ServeMetrics', url: '/metrics' });
    expect([response.status, response.body.toString()]).toEqual([200, 'metrics at /metrics']);
    const other = await host.request({ url: '/metrics' });
    expect(other.body.toString()).toBe('hello');
    expect(await host.stop()).toBe(0);
  });
});
