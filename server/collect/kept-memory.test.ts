import { describe, expect, test } from '@jest/globals';
import { makeCollector, testSettings } from './collector-fixture.ts';
import { keptMargin } from './limits.ts';
import { MemoryBudget } from './slots/index.ts';
import type { ScrapeTarget } from './target.ts';

const interval = testSettings.scrapeIntervalMs;
const kib = 1024;
const firstPort = 9000;

/** Two answers of this length may be kept, and no third one. */
const long = 450 * kib;
const keptBytes = 1280 * kib;
const settings = { ...testSettings, bodySizeLimitBytes: 512 * kib };

function targetAt(port: number): ScrapeTarget {
  const instance = `t${String(port)}`;
  return { job: 'test', instance, host: '127.0.0.1', port, path: '/metrics', isOptional: false };
}

/** A body of so many bytes, about, of which nothing but two series is stored. */
function bodyOf(bytes: number): string {
  return `a 1\nb{size="${String(bytes)}"} 1\n${`# ${'x'.repeat(8000)}\n`.repeat(bytes / 8000)}`;
}

/** A collector of targets that answer with so many bytes. */
async function collecting(sizes: readonly number[]) {
  const memory = new MemoryBudget(keptBytes, keptMargin);
  const made = await makeCollector(undefined, undefined, { memory });
  const { clock, collector, fetcher, store } = made;
  const targets = sizes.map((_, at) => targetAt(firstPort + at));
  const answer = (at: number, bytes: number) => {
    fetcher.answers.set(firstPort + at, bodyOf(bytes));
  };
  for (const [at, bytes] of sizes.entries()) answer(at, bytes);
  collector.start({ targets, problems: [] }, settings);
  await clock.advance(0);
  const codes = () => collector.targets().map(({ lastError }) => lastError?.code ?? 'up');
  const samples = (at: number, name = 'a', more = '') =>
    store.values(`${name}{instance=t${String(firstPort + at)},job=test${more}}`);
  return { ...made, memory, targets, answer, codes, samples };
}

describe('the memory that is kept between scrapes', () => {
  test('is bounded over all targets: the longest answers fail, and no usual one does', async () => {
    const { clock, codes, collector, samples } = await collecting([
      ...Array.from({ length: 8 }, () => long),
      ...[20 * kib, 10],
    ]);
    await clock.advance(3 * interval);
    const ended = codes();
    expect(ended.slice(8)).toEqual(['up', 'up']);
    expect([samples(8), samples(9)]).toEqual([
      [1, 1, 1, 1],
      [1, 1, 1, 1],
    ]);
    const failed = ended.filter((code) => code === 'SCRAPE_MEMORY_LIMIT');
    expect(failed.length).toBeGreaterThanOrEqual(6);
    expect(failed.length + ended.filter((code) => code === 'up').length).toBe(10);
    await collector.stop();
  });

  test('does not change hands between those who need about the same', async () => {
    const { clock, codes, collector } = await collecting([long, long, long]);
    const before = codes();
    expect(before.filter((code) => code === 'up')).toHaveLength(2);
    await clock.advance(4 * interval);
    expect(codes()).toEqual(before);
    await collector.stop();
  });

  test('fails a target as other limits do, until its answer is shorter', async () => {
    const { answer, clock, collector, codes, samples, ledger } = await collecting([long, long, 10]);
    answer(2, long);
    await clock.advance(2 * interval);
    expect(codes()).toEqual(['up', 'up', 'SCRAPE_MEMORY_LIMIT']);
    expect(samples(2)).toEqual([1, 'stale']);
    expect(samples(2, 'up')).toEqual([1, 0, 0]);
    expect(collector.targets()[2]?.gaps).toMatchObject([
      { reason: 'SCRAPE_MEMORY_LIMIT', toMs: null },
    ]);
    expect(collector.problems()).toMatchObject([
      {
        code: 'SCRAPE_MEMORY_LIMIT',
        severity: 'error',
        message: expect.stringContaining(
          'of memory that there are for them; this answer needs the most',
        ),
        advice: expect.stringContaining('lower BodySizeLimitBytes'),
      },
    ]);
    answer(2, 10);
    await clock.advance(interval);
    expect(codes()).toEqual(['up', 'up', 'up']);
    expect(samples(2)).toEqual([1, 'stale', 1]);
    expect(ledger.between(0, Infinity)).toMatchObject([
      { reason: 'SCRAPE_MEMORY_LIMIT', missedScrapes: 2 },
    ]);
    expect(collector.problems()).toEqual([]);
    await collector.stop();
  });

  test('is refused to what cannot have it before any line of it is read', async () => {
    const { clock, codes, collector, fetcher } = await collecting([long, long, 10]);
    fetcher.answers.set(firstPort + 2, `{\n${bodyOf(long)}`);
    await clock.advance(interval);
    expect(codes()).toEqual(['up', 'up', 'SCRAPE_MEMORY_LIMIT']);
    await collector.stop();
  });

  test('is not asked for line by line again by an answer as long as one that was refused', async () => {
    const { clock, codes, collector, fetcher } = await collecting([10]);
    // What is known of so many lines is far more than the lines.
    const lines = '\n'.repeat(60_000);
    const next = async (body: string) => {
      fetcher.answers.set(firstPort, body);
      await clock.advance(interval);
      return codes()[0];
    };
    expect(await next(lines)).toBe('SCRAPE_MEMORY_LIMIT');
    expect(await next(`{\n${lines}`)).toBe('SCRAPE_MEMORY_LIMIT');
    expect(await next(`{\n${lines.slice(100)}`)).toBe('SCRAPE_PARSE');
    expect(await next(lines.slice(50_000))).toBe('up');
    await collector.stop();
  });

  /** Two long answers, of which the memory of one goes to two of usual length. */
  async function oneEvicted() {
    const made = await collecting([long, long]);
    const { answer, clock, codes, collector, targets } = made;
    for (const at of [2, 3]) answer(at, 200 * kib);
    const usual = [2, 3].map((at) => targetAt(firstPort + at));
    collector.applyTargets({ targets: [...targets, ...usual], problems: [] });
    await clock.advance(0);
    // All four would need more than there is.
    expect(codes()).toEqual(['up', 'up', 'up', 'up']);
    expect(2 * (long + 200 * kib)).toBeGreaterThan(keptBytes);
    return made;
  }

  test('goes from the largest to those of usual length, and its next long answer fails', async () => {
    const { clock, codes, collector, samples } = await oneEvicted();
    await clock.advance(interval);
    const [first, second, ...usual] = codes();
    expect(usual).toEqual(['up', 'up']);
    expect([first, second].sort()).toEqual(['SCRAPE_MEMORY_LIMIT', 'up']);
    const evicted = first === 'up' ? 1 : 0;
    expect(samples(evicted)).toEqual([1, 'stale']);
    expect(samples(evicted, 'b', `,size=${String(long)}`)).toEqual([1, 'stale']);
    await collector.stop();
  });

  test('leaves no hole and no open series where a shorter answer follows', async () => {
    const { answer, clock, codes, collector, samples } = await oneEvicted();
    for (const at of [0, 1]) answer(at, 10);
    await clock.advance(interval);
    expect(codes()).toEqual(['up', 'up', 'up', 'up']);
    for (const at of [0, 1]) {
      expect(samples(at)).toEqual([1, 1]);
      expect(samples(at, 'b', `,size=${String(long)}`)).toEqual([1, 'stale']);
      expect(samples(at, 'b', ',size=10')).toEqual([1]);
    }
    await collector.stop();
  });

  test('is given back by a target that goes on under other settings', async () => {
    const { clock, codes, collector, memory } = await collecting([long]);
    const before = memory.totalBytes;
    collector.applySettings({ ...settings, honorLabels: false });
    await clock.advance(interval);
    expect(codes()).toEqual(['up']);
    expect(memory.totalBytes).toBeLessThan(1.5 * before);
    await collector.stop();
  });

  test('is given back by targets that go, with their series', async () => {
    const { clock, collector, memory, samples } = await oneEvicted();
    expect(memory.totalBytes).toBeGreaterThan(long);
    collector.applyTargets({ targets: [], problems: [] });
    await clock.advance(0);
    expect(memory.totalBytes).toBe(0);
    for (const at of [0, 1]) {
      expect(samples(at)).toEqual([1, 'stale']);
      expect(samples(at, 'b', `,size=${String(long)}`)).toEqual([1, 'stale']);
    }
    await collector.stop();
  });
});
