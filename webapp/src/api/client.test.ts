import { describe, expect, test } from '@jest/globals';
import { failureKind, MetricsApi } from './client.ts';
import { failureDetails, isFinal, isPageWide, toFailure, type RequestFailure } from './failure.ts';

interface Sent {
  url: string;
  init: RequestInit;
}

/** An API whose every request gets the same answer. */
function answering(respond: () => Promise<Response> | Response) {
  const sent: Sent[] = [];
  const api = new MetricsApi({
    pluginId: 'some.id',
    pluginPath: () => '/sub/plugins/some.id',
    sitePath: () => '/sub',
    csrfToken: () => 'token',
    fetch: async (url, init) => {
      sent.push({ url, init });
      return respond();
    },
  });
  return { api, sent };
}

const signal = new AbortController().signal;
const apiError = { code: 'DUMP_BUSY', message: 'Another dump is running.', detail: 'node a' };

async function failureOf(respond: () => Promise<Response> | Response): Promise<RequestFailure> {
  try {
    await answering(respond).api.dumps(signal);
  } catch (error) {
    return error as RequestFailure;
  }
  throw new Error('the request succeeded');
}

test('asks below the site path, as a script, without a token for reading', async () => {
  const { api, sent } = answering(() => Response.json({ dumps: [] }));
  expect(await api.dumps(signal)).toEqual({ dumps: [] });
  expect(sent[0]?.url).toBe('/sub/plugins/some.id/api/v1/dumps');
  expect(sent[0]?.init.headers).toEqual({
    Accept: 'application/json',
    'X-Requested-With': 'XMLHttpRequest',
  });
});

test('asks the host for names of users', async () => {
  const users = [{ id: 'a', username: 'ada', roles: 'system_user' }];
  const { api, sent } = answering(() => Response.json(users));
  expect(await api.usernames(['a', 'b'], signal)).toEqual(new Map([['a', 'ada']]));
  expect([sent[0]?.url, sent[0]?.init.body]).toEqual(['/sub/api/v4/users/ids', '["a","b"]']);
  expect(sent[0]?.init.headers).toMatchObject({ 'X-CSRF-Token': 'token' });
});

test('sends the token and a JSON body with what changes something', async () => {
  const { api, sent } = answering(() => new Response(null, { status: 204 }));
  await api.deleteDump('abc', signal);
  await api.cancelDump('a/b', signal);
  expect(sent.map(({ url, init }) => `${init.method ?? ''} ${url}`)).toEqual([
    'DELETE /sub/plugins/some.id/api/v1/dumps/abc',
    'POST /sub/plugins/some.id/api/v1/dumps/a%2Fb/cancel',
  ]);
  expect(sent[0]?.init.headers).toMatchObject({ 'X-CSRF-Token': 'token' });
  await expect(api.createDump({ from: 1, to: 2 }, signal)).rejects.toThrow();
  expect(sent[2]?.init.body).toBe('{"from":1,"to":2}');
  expect(sent[2]?.init.headers).toMatchObject({ 'Content-Type': 'application/json' });
});

test('names the address of an archive', () => {
  const { api } = answering(() => Response.json({}));
  expect(api.archiveUrl('abc')).toBe('/sub/plugins/some.id/api/v1/dumps/abc/archive');
});

describe('a failed request', () => {
  test('keeps code, sentence and request id of the API', async () => {
    const failure = await failureOf(() =>
      Response.json(apiError, { status: 409, headers: { 'X-Request-Id': 'r1' } }),
    );
    expect(failure).toMatchObject({ kind: 'refused', status: 409, code: 'DUMP_BUSY' });
    expect(failureDetails(failure)).toBe(
      'code: DUMP_BUSY\nstatus: 409\nmessage: Another dump is running.\ndetail: node a\nrequest: r1',
    );
  });

  test('knows a body that is not of the API', async () => {
    const failure = await failureOf(() => new Response('<html>busy</html>', { status: 503 }));
    expect(failure).toMatchObject({ kind: 'unreachable', code: 'HTTP_503', isSaidByApi: false });
  });

  test('calls a success that cannot be read broken', async () => {
    const html = await failureOf(() => new Response('<html>sign in</html>'));
    expect(html).toMatchObject({ kind: 'broken', code: 'ANSWER_UNREADABLE' });
    const wrong = await failureOf(() => Response.json({ dumps: [{ id: 7 }] }));
    expect(wrong.message).toBe('dumps.dumps[0].id is not a text');
  });

  test('is offline when there is no answer', async () => {
    const failure = await failureOf(() => Promise.reject(new TypeError('Failed to fetch')));
    expect(failure).toMatchObject({ kind: 'offline', status: 0, code: 'NO_ANSWER' });
  });

  test('is late when the answer takes too long', async () => {
    const api = new MetricsApi({
      pluginId: 'some.id',
      pluginPath: () => '',
      sitePath: () => '',
      csrfToken: () => '',
      timeoutMs: 1,
      fetch: (_url, init) =>
        new Promise((_resolve, reject) => {
          init.signal?.addEventListener('abort', () => {
            reject(new Error('aborted'));
          });
        }),
    });
    await expect(api.status(signal)).rejects.toMatchObject({ kind: 'timeout' });
  });

  test('that was given up throws what the browser threw', async () => {
    const given = new AbortController();
    given.abort();
    const { api } = answering(() => Promise.reject(new Error('given up')));
    await expect(api.status(given.signal)).rejects.toThrow('given up');
  });
});

test.each([
  [400, true, 'refused'],
  [401, false, 'session'],
  [403, true, 'forbidden'],
  [404, false, 'disabled'],
  [404, true, 'refused'],
  [500, false, 'broken'],
  [500, true, 'broken'],
  [501, false, 'disabled'],
  [502, false, 'unreachable'],
  [503, true, 'refused'],
  [504, false, 'unreachable'],
  [507, true, 'refused'],
] as const)('takes status %d (of our API: %p) for %s', (status, isOurs, want) => {
  expect(failureKind(status, isOurs)).toBe(want);
});

test('tells failures of the page from failures of one request', () => {
  expect(isPageWide('forbidden')).toBe(true);
  expect(isPageWide('refused')).toBe(false);
  expect(isFinal('session')).toBe(true);
  expect(isFinal('offline')).toBe(false);
});

test('makes a failure of anything thrown', () => {
  const failure = toFailure('odd');
  expect(failure).toMatchObject({ kind: 'broken', code: 'CONSOLE_FAULT', message: 'odd' });
  expect(toFailure(failure)).toBe(failure);
});

test('turns metrics on by that one setting of the host', async () => {
  const { api, sent } = answering(() => Response.json({ MetricsSettings: { Enable: true } }));
  await api.enableMetrics(signal);
  expect(sent[0]?.url).toBe('/sub/api/v4/config/patch');
  expect(sent[0]?.init.method).toBe('PUT');
  expect(sent[0]?.init.headers).toMatchObject({ 'X-CSRF-Token': 'token' });
  expect(sent[0]?.init.body).toBe('{"MetricsSettings":{"Enable":true}}');
});

test.each([
  [200, { MetricsSettings: { Enable: false } }, 'overridden', 'SETTING_OVERRIDDEN'],
  [403, { id: 'api.context.permissions.app_error', message: 'No.' }, 'denied', undefined],
  [400, { id: 'plugin.refused', message: 'Wrong path.' }, 'refused', 'plugin.refused'],
])('says why metrics stay off: %i %j', async (status, body, kind, code) => {
  const { api } = answering(() => Response.json(body, { status }));
  await expect(api.enableMetrics(signal)).rejects.toMatchObject({
    kind,
    ...(code === undefined ? {} : { code }),
  });
});

test('believes a host that does not show the setting', async () => {
  await answering(() => Response.json({})).api.enableMetrics(signal);
});

test('tells a change that is not allowed from a page that is not', async () => {
  const refuse = () => Response.json({ code: 'NOT_PERMITTED', message: 'No.' }, { status: 403 });
  const { api } = answering(refuse);
  await expect(api.syncNow(signal)).rejects.toMatchObject({ kind: 'denied' });
  await expect(api.status(signal)).rejects.toMatchObject({ kind: 'forbidden' });
});
