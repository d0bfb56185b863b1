import type { LookupAddress, LookupOptions } from 'node:dns';
import { expect, test } from '@jest/globals';
import { FakeClock } from '../../../lib/runtime/index.ts';
import { startExporter } from '../../../test/host/exporter.ts';
import { maxNameProbes } from '../limits.ts';
import { BodyBuffer } from '../slots/body-buffer.ts';
import { NameLookup } from './name-lookup.ts';
import { ScrapeClient } from './scrape-http.ts';

const local: LookupAddress = { address: '127.0.0.1', family: 4 };
const local6: LookupAddress = { address: '::1', family: 6 };

/** A resolver that answers when the test says so. */
class SlowResolver {
  readonly asked: string[] = [];
  readonly #waiting = new Map<string, ((error?: Error) => void)[]>();

  readonly resolve = (host: string): Promise<LookupAddress[]> => {
    this.asked.push(host);
    return new Promise((resolve, reject) => {
      const settle = (error?: Error) => {
        if (error === undefined) resolve([local, local6]);
        else reject(error);
      };
      this.#waiting.set(host, [...(this.#waiting.get(host) ?? []), settle]);
    });
  };

  async answer(host: string, error?: Error): Promise<void> {
    for (const settle of this.#waiting.get(host) ?? []) settle(error);
    this.#waiting.delete(host);
    await turns();
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

function make() {
  const clock = new FakeClock();
  const resolver = new SlowResolver();
  return { clock, resolver, names: new NameLookup(clock, { resolve: resolver.resolve }) };
}

test('asks once for a name, and again when its addresses are old', async () => {
  const { clock, resolver, names } = make();
  const both = [names.find('a'), names.find('a')];
  await resolver.answer('a');
  expect(await Promise.all(both)).toEqual([
    [local, local6],
    [local, local6],
  ]);
  await clock.advance(29_999);
  await names.find('a');
  expect(resolver.asked).toEqual(['a']);
  await clock.advance(1);
  // What is known is used while the answer is awaited, for ten minutes.
  expect(await names.find('a')).toEqual([local, local6]);
  expect(await names.find('a')).toEqual([local, local6]);
  expect(resolver.asked).toEqual(['a', 'a']);
  await clock.advance(600_000);
  const late = names.find('a');
  await resolver.answer('a', Object.assign(new Error('no'), { code: 'EAI_AGAIN' }));
  await expect(late).rejects.toMatchObject({ code: 'EAI_AGAIN' });
});

test('never has more than three look-ups under way, one of names that gave trouble', async () => {
  const { clock, resolver, names } = make();
  const found = ['a', 'b', 'c', 'd'].map((host) => names.find(host));
  await turns();
  expect(resolver.asked).toEqual(['a', 'b']);
  await clock.advance(60_000);
  await resolver.answer('a', new Error('gave up'));
  await resolver.answer('b', new Error('gave up'));
  await resolver.answer('c');
  await resolver.answer('d');
  expect((await Promise.allSettled(found)).map(({ status }) => status)).toEqual([
    'rejected',
    'rejected',
    'fulfilled',
    'fulfilled',
  ]);
  for (const host of ['a', 'b', 'e', 'f', 'g']) names.find(host).catch(() => undefined);
  await turns();
  expect(resolver.asked.slice(4)).toEqual(['a', 'e', 'f']);
});

test('asks first whether a new name is answered for, and keeps those that are not apart', async () => {
  const clock = new FakeClock();
  const resolver = new SlowResolver();
  const probed: string[] = [];
  let isBack = false;
  const isAnsweredFor = (host: string) => {
    probed.push(host);
    return Promise.resolve(isBack || !host.startsWith('hung'));
  };
  const names = new NameLookup(clock, { resolve: resolver.resolve, isAnsweredFor });
  const find = (...hosts: string[]) => {
    for (const host of hosts) names.find(host).catch(() => undefined);
    return turns();
  };
  await find('hung1', 'hung2', 'hung3', 'a', 'b');
  expect(resolver.asked).toEqual(['hung1', 'a', 'b']);
  // What fails at once takes nobody's place: it is asked for again beside those that hang.
  await resolver.answer('a', new Error('no such name'));
  await find('a');
  expect(resolver.asked.slice(3)).toEqual(['a']);
  // What took long once is known to, whatever is said about it.
  await clock.advance(20_000);
  await resolver.answer('hung1', new Error('gave up'));
  isBack = true;
  await find('hung1');
  expect(resolver.asked.slice(4)).toEqual(['hung2']);
  // What was found once needs no question before.
  await resolver.answer('a');
  await resolver.answer('b');
  await resolver.answer('hung2');
  await clock.advance(30_000);
  await find('hung2');
  expect(resolver.asked.slice(5)).toEqual(['hung3', 'hung2']);
  expect(probed).toEqual(['hung1', 'hung2', 'hung3', 'a', 'b', 'a']);
});

test('asks about a bounded number of new names at a time', async () => {
  const resolver = new SlowResolver();
  const probes: (() => void)[] = [];
  const isAnsweredFor = () =>
    new Promise<boolean>((resolve) => {
      probes.push(() => {
        resolve(false);
      });
    });
  const names = new NameLookup(new FakeClock(), { resolve: resolver.resolve, isAnsweredFor });
  const hosts = Array.from({ length: maxNameProbes + 1 }, (_, at) => `n${String(at)}`);
  for (const host of hosts) names.find(host).catch(() => undefined);
  await turns();
  expect(probes).toHaveLength(maxNameProbes);
  probes[0]?.();
  await turns();
  expect(probes).toHaveLength(maxNameProbes + 1);
  expect(resolver.asked).toEqual(['n0']);
});

test('takes what a file names from there, and waits for no name server', async () => {
  const clock = new FakeClock();
  const resolver = new SlowResolver();
  let named = [local];
  const hosts = (host: string) => Promise.resolve(host === 'node' ? named : []);
  const names = new NameLookup(clock, { resolve: resolver.resolve, hosts });
  for (const host of ['a', 'b', 'c']) names.find(host).catch(() => undefined);
  expect(await names.find('node')).toEqual([local]);
  named = [local6];
  await clock.advance(30_000);
  await names.find('node');
  await turns();
  expect(await names.find('node')).toEqual([local6]);
  expect(resolver.asked).toEqual(['a', 'b']);
});

test('gives the addresses that a socket asks for', async () => {
  const { resolver, names } = make();
  const lookUp = (options: LookupOptions) =>
    new Promise((resolve) => {
      names.lookup('a', options, (error, address, family) => {
        resolve(error === null ? [address, family] : error.code);
      });
    });
  const all = lookUp({ all: true });
  await resolver.answer('a');
  expect(await all).toEqual([[local, local6], undefined]);
  expect(await lookUp({})).toEqual(['127.0.0.1', 4]);
  expect(await lookUp({ family: 6 })).toEqual(['::1', 6]);
  expect(await lookUp({ family: 'IPv4', all: true })).toEqual([[local], undefined]);
});

test('a name server that never answers fails its targets alone', async () => {
  const clock = new FakeClock();
  const resolver = new SlowResolver();
  const client = new ScrapeClient({ clock, version: '1', resolveName: resolver.resolve });
  const exporter = await startExporter({ profile: 'small', stepSeconds: 15 });
  const scrape = (host: string) =>
    client.fetch({
      ...{ host, port: exporter.port, path: '/metrics', timeoutMs: 10_000 },
      ...{ bodyLimitBytes: 1e7, into: new BodyBuffer(), signal: new AbortController().signal },
    });
  try {
    const known = scrape('known');
    await resolver.answer('known');
    await known;
    const hung = ['x', 'y', 'z'].map((host) => scrape(host));
    await clock.advance(9_999);
    await scrape('known');
    await scrape('127.0.0.1');
    const [x, y, z] = hung;
    const code = {
      code: 'SCRAPE_DNS',
      message: 'The host name could not be looked up within 10 s.',
    };
    const failing = Promise.all([x, y, z].map((one) => expect(one).rejects.toMatchObject(code)));
    await clock.advance(1);
    await failing;
    await clock.advance(300_000);
    await scrape('known');
    expect(resolver.asked.filter((host) => host === 'known').length).toBeLessThanOrEqual(2);
  } finally {
    client.close();
    await exporter.close();
  }
});
