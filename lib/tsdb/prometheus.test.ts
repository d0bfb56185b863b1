import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { FakeClock, seededRng } from '../runtime/index.ts';
import { openBlock, writeBlock } from './disk/index.ts';
import { bitsOf, nanBits, put, seriesOf, staleBits, type Model } from './model-fixture.ts';
import { rewriteBlocks } from './rewrite/index.ts';
import { bitsOf as halvesOf } from './store/store-fixture.ts';
import { Store } from './store/store.ts';
import { inlineThread } from './store/worker-handlers.ts';
import { newUlid } from './ulid.ts';

const program = 'prometheus';
const isMissing = spawnSync(program, ['--version']).error !== undefined;
const rng = seededRng(3);
const t0 = 1_700_000_000_000;

let dir = '';
let server: ChildProcess | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tsdb-prometheus-'));
});
afterEach(async () => {
  const running = server;
  server = undefined;
  if (running?.exitCode === null) {
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await ended;
  }
  rmSync(dir, { recursive: true, force: true });
});

/** Starts Prometheus over `dir/store` and resolves with its address when it answers. */
function start(): Promise<string> {
  writeFileSync(join(dir, 'config.yml'), '{}');
  const child = spawn(program, [
    `--config.file=${join(dir, 'config.yml')}`,
    `--storage.tsdb.path=${join(dir, 'store')}`,
    '--storage.tsdb.retention.time=10y',
    '--web.listen-address=127.0.0.1:0',
  ]);
  server = child;
  return new Promise((resolve, reject) => {
    let log = '';
    child.once('exit', (code) =>
      reject(new Error(`prometheus ended with ${String(code)}: ${log}`)),
    );
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      const address = /Listening on" address=(\S+)/.exec(log)?.[1];
      if (address !== undefined && log.includes('Server is ready')) resolve(address);
    });
  });
}

/** Result of an instant query: value by label `k`. */
async function query(address: string, expression: string, timeMs: number) {
  const parameters = new URLSearchParams({ query: expression, time: String(timeMs / 1000) });
  const response = await fetch(`http://${address}/api/v1/query?${parameters.toString()}`);
  const body = (await response.json()) as {
    data: { result: { metric: { k: string }; value: [number, string] }[] };
  };
  return Object.fromEntries(body.data.result.map(({ metric, value }) => [metric.k, value[1]]));
}

if (isMissing && process.env['CI'] === 'true') {
  test('finds prometheus', () => {
    throw new Error('prometheus is missing: install the package "prometheus" of the distribution');
  });
}

(isMissing ? describe.skip : describe)('a Prometheus over files of ours', () => {
  test('tells the staleness marker from NaN, after writing and after merging', async () => {
    const sources = [staleBits, nanBits, bitsOf(7)].map((last, half) => {
      const model: Model = new Map();
      for (const [k, bits] of Object.entries({ gone: staleBits, nan: nanBits, one: bitsOf(1) })) {
        const labels = ['__name__', 'm', 'k', k];
        for (let at = half; at < 10; at += 2) put(model, labels, t0 + at * 15_000, bitsOf(at));
        put(model, labels, t0 + 150_000, bits);
        put(model, ['__name__', 'written', 'k', String(half)], t0 + 150_000, last);
      }
      const ulid = newUlid(t0 + half, rng);
      return openBlock(writeBlock({ parentDir: dir, ulid, series: seriesOf(model) })!.dir);
    });
    const parentDir = join(dir, 'store');
    mkdirSync(join(parentDir, 'wal'), { recursive: true });
    rewriteBlocks({ sources, mint: 0, maxt: t0 * 2, parentDir, ulid: newUlid(t0, rng) });
    for (const source of sources) source.close();
    const address = await start();
    expect(await query(address, 'm', t0 + 149_999)).toEqual({ gone: '9', nan: '9', one: '9' });
    expect(await query(address, 'm', t0 + 150_000)).toEqual({ nan: 'NaN', one: '1' });
    expect(await query(address, 'written', t0 + 150_000)).toEqual({ 1: 'NaN', 2: '7' });
    expect(await query(address, 'count_over_time(m[5m])', t0 + 150_000)).toEqual({
      gone: '10',
      nan: '11',
      one: '11',
    });
  });

  test('serves a directory that has nothing but a WAL', async () => {
    const store = await Store.open({
      ...{
        dir: join(dir, 'store'),
        clock: new FakeClock(t0 + 150_000),
        rng,
        thread: inlineThread(),
      },
      limits: { walSegmentBytes: 32 * 1024 },
    });
    const last = { gone: [2, 0x7ff0_0000], nan: [1, 0x7ff8_0000], one: halvesOf(1) } as const;
    for (let at = 0; at <= 600; at++) {
      const batch = store.newBatch();
      for (const [k, halves] of Object.entries(last)) {
        const ref = store.seriesRef(['__name__', 'm', 'k', k]);
        const [lo, hi] = at === 600 ? halves : halvesOf(at / 3);
        batch.push(ref, lo, hi, t0 + at * 250);
      }
      await store.commit(batch);
    }
    expect(store.blocks()).toEqual([]);
    await store.close();
    const address = await start();
    const before = { gone: String(599 / 3), nan: String(599 / 3), one: String(599 / 3) };
    expect(await query(address, 'm', t0 + 149_999)).toEqual(before);
    expect(await query(address, 'm', t0 + 150_000)).toEqual({ nan: 'NaN', one: '1' });
    expect(await query(address, 'count_over_time(m[5m])', t0 + 150_000)).toEqual({
      ...{ gone: '600', nan: '601', one: '601' },
    });
  });
});
