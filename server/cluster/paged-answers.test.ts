import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock, seededRng, silentLogger } from '../../lib/runtime/index.ts';
import { FakeClusterEvents } from './cluster-fixture.ts';
import { ClusterBus } from './cluster-bus.ts';
import { maxKeptPayloads, maxPayloadJsonBytes } from './limits.ts';
import { PagedAnswers, requestPages } from './paged-answers.ts';
import type { Handler } from './served-requests.ts';

let clock: FakeClock;
let asker: ClusterBus;
let server: ClusterBus;
let pages: PagedAnswers;

beforeEach(() => {
  clock = new FakeClock();
  // Events at once: these tests are about what is in them.
  const events = new FakeClusterEvents({
    setTimer: (_delayMs, run) => {
      queueMicrotask(run);
      return { cancel: () => undefined };
    },
  });
  const join = (selfId: string) => {
    const bus = new ClusterBus({
      ...{ api: events.api(selfId), clock, rng: seededRng(3), logger: silentLogger, selfId },
      epoch: () => 1,
    });
    events.join(selfId, (event) => bus.receive(event));
    return bus;
  };
  asker = join('a');
  server = join('b');
  pages = new PagedAnswers(clock, seededRng(9));
});

const ask = (body: unknown = null) => requestPages(asker, 'state.get', 'b', body);

/** Text that does not compress. */
const noise = (chars: number) =>
  Buffer.from(seededRng(5).bytes(chars)).toString('base64').slice(0, chars);

describe('an answer in pages', () => {
  test.each([0, 1, 20_000, 30_000, 400_000])('of %d characters arrives whole', async (chars) => {
    const value = { what: 'targets', text: noise(chars) };
    server.serve(
      'state.get',
      pages.handler((body) => ({ ...value, asked: body })),
    );
    expect(await ask({ range: 7 })).toEqual({ ...value, asked: { range: 7 } });
  });

  test('is of one moment, though it changes while it is fetched', async () => {
    let round = 0;
    server.serve(
      'state.get',
      pages.handler(() => ({ round: ++round, text: noise(200_000) })),
    );
    expect(await ask()).toMatchObject({ round: 1 });
    expect(await ask()).toMatchObject({ round: 2 });
  });

  test('may be nothing', async () => {
    server.serve(
      'state.get',
      pages.handler(() => undefined),
    );
    expect(await ask()).toBeNull();
  });

  test('is refused when it is too large', async () => {
    server.serve(
      'state.get',
      pages.handler(() => 'x'.repeat(maxPayloadJsonBytes)),
    );
    await expect(ask()).rejects.toMatchObject({ code: 'CLUSTER_TOO_LARGE' });
    server.serve(
      'state.get',
      pages.handler(() => noise(4_000_000)),
    );
    await expect(ask()).rejects.toMatchObject({ code: 'CLUSTER_TOO_LARGE' });
  });

  test('is kept for a bounded number of askers and a bounded time', async () => {
    server.serve(
      'state.get',
      pages.handler(() => noise(50_000)),
    );
    const begin = async () =>
      (await asker.request('state.get', 'b', { page: 0, ask: null })) as { token: string };
    const second = ({ token }: { token: string }) =>
      asker.request('state.get', 'b', { page: 1, token, ask: null });
    const first = await begin();
    for (let at = 0; at < maxKeptPayloads; at++) await begin();
    await expect(second(first)).rejects.toMatchObject({ code: 'CLUSTER_BAD_PAYLOAD' });
    const late = await begin();
    await clock.advance(60_001);
    await begin();
    await expect(second(late)).rejects.toMatchObject({ code: 'CLUSTER_BAD_PAYLOAD' });
  });

  test('is kept until its last page is fetched', async () => {
    server.serve(
      'state.get',
      pages.handler(() => noise(50_000)),
    );
    const page = (body: object) =>
      asker.request('state.get', 'b', { ask: null, ...body }) as Promise<{ token: string }>;
    const { token } = await page({ page: 0 });
    expect(await page({ page: 1, token })).toMatchObject({ page: 1, pages: 2 });
    const again = page({ page: 1, token });
    await expect(again).rejects.toMatchObject({ code: 'CLUSTER_BAD_PAYLOAD' });
  });
});

describe('pages that lie', () => {
  // All right but for its size.
  const bomb = gzipSync(JSON.stringify(' '.repeat(maxPayloadJsonBytes))).toString('base64');
  const good = gzipSync('{"a":1}').toString('base64');
  const bad: [string, unknown][] = [
    ['no object', 'page'],
    ['no token', { pages: 1, page: 0, data: good }],
    ['another page', { token: 't', pages: 1, page: 3, data: good }],
    ['a million pages', { token: 't', pages: 1e6, page: 0, data: good }],
    ['no pages', { token: 't', pages: 0, page: 0, data: good }],
    ['data that is a number', { token: 't', pages: 1, page: 0, data: 5 }],
    ['data that is not gzip', { token: 't', pages: 1, page: 0, data: 'AAAA' }],
    ['data that is cut', { token: 't', pages: 1, page: 0, data: good.slice(0, 20) }],
    [
      'data that unpacks to no JSON',
      { token: 't', pages: 1, page: 0, data: gzipSync('{').toString('base64') },
    ],
    ['a bomb', { token: 't', pages: 1, page: 0, data: bomb }],
  ];

  test.each(bad)('%s', async (_name, answer) => {
    const lying: Handler = () => answer;
    server.serve('state.get', lying);
    // Who takes a bomb need not print it.
    const taken = ask().then(() => 'taken');
    await expect(taken).rejects.toMatchObject({ code: 'CLUSTER_BAD_PAYLOAD' });
  });

  test('that change their token in between', async () => {
    const halves = [good.slice(0, 16), good.slice(16)];
    const tokens = ['t', 't'];
    server.serve('state.get', (body) => {
      const { page } = body as { page: number };
      return { token: tokens[page], pages: 2, page, data: halves[page] };
    });
    expect(await ask()).toEqual({ a: 1 });
    tokens[1] = 'u';
    await expect(ask()).rejects.toMatchObject({ code: 'CLUSTER_BAD_PAYLOAD' });
  });

  test('of which there would be more than an answer can have are not asked for', async () => {
    const asked: number[] = [];
    server.serve('state.get', (body) => {
      const { page } = body as { page: number };
      asked.push(page);
      return { token: 't', pages: page > 200 ? 1 : 1e6, page, data: good };
    });
    await expect(ask()).rejects.toMatchObject({ code: 'CLUSTER_BAD_PAYLOAD' });
    expect(asked).toEqual([0]);
  });

  test.each([[null], [{}], [{ page: -1 }], [{ page: 1 }], [{ page: 1, token: 'no' }]])(
    'asked for as %j are refused',
    async (body) => {
      server.serve(
        'state.get',
        pages.handler(() => 1),
      );
      await expect(asker.request('state.get', 'b', body)).rejects.toMatchObject({
        code: expect.stringMatching(/^CLUSTER_(REFUSED|BAD_PAYLOAD)$/),
      });
    },
  );
});
