import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock, seededRng, systemClock, systemRng, type Rng } from '../../runtime/index.ts';
import type { BlockReader } from '../block/index.ts';
import { decodeChunk, SampleColumns } from '../chunk/index.ts';
import { openBlock } from '../disk/index.ts';
import { copyHead, pageBits, pageMask, Pacer, type Head } from '../head/index.ts';
import { labelsFrom, type Labels } from '../labels.ts';
import { Store } from './store.ts';
import type { CommitResult, StoreOptions } from './types.ts';
import { inlineThread } from './worker-handlers.ts';

const halves = new Uint32Array(2);
const double = new Float64Array(halves.buffer);

/** Halves of the bits of a number. */
export function bitsOf(value: number): [lo: number, hi: number] {
  double[0] = value;
  return [halves[0]!, halves[1]!];
}

/** The number of which {@link bitsOf} gives the halves. */
export function numberOf(lo: number, hi: number): number {
  halves[0] = lo;
  halves[1] = hi;
  return double[0]!;
}

/** The stale marker. */
export const staleLo = 2;
export const staleHi = 0x7ff0_0000;

/** Seed of a random test: from the environment, else a new one; print it on failure. */
export function testSeed(): number {
  const given = process.env['SEED'];
  return given === undefined
    ? new DataView(systemRng.bytes(4).buffer as ArrayBuffer).getUint32(0)
    : Number(given);
}

/** Labels of a metric with further labels. */
export function labelsOf(name: string, more: Record<string, string> = {}): Labels {
  return labelsFrom([['__name__', name], ...Object.entries(more)]);
}

/** Commits one sample. */
export async function putSample(
  store: Store,
  name: string,
  timeMs: number,
  value = 1,
): Promise<CommitResult> {
  const batch = store.newBatch();
  batch.push(store.seriesRef(labelsOf(name)), ...bitsOf(value), timeMs);
  return store.commit(batch);
}

/** Contents of a store or block: series text → time → bits, in one comparable map. */
export type Contents = Map<string, Map<number, string>>;

export function addSample(
  contents: Contents,
  labels: Labels,
  timeMs: number,
  lo: number,
  hi: number,
): void {
  const key = labels.join('\u0000');
  let series = contents.get(key);
  if (series === undefined) contents.set(key, (series = new Map<number, string>()));
  series.set(timeMs, `${hi.toString(16)}:${lo.toString(16)}`);
}

/** Adds the samples of a block; a time that is there already must have the same bits. */
export function addBlock(contents: Contents, dir: string): void {
  const reader = openBlock(dir);
  try {
    addReader(contents, reader);
  } finally {
    reader.close();
  }
}

function addReader(contents: Contents, reader: BlockReader): void {
  const samples = new SampleColumns();
  for (const { labels, chunks } of reader.series()) {
    for (const meta of chunks) {
      samples.clear();
      decodeChunk(reader.chunk(meta).data, samples);
      for (let at = 0; at < samples.count; at++) {
        addSample(contents, labels, samples.times[at]!, samples.lo[at]!, samples.hi[at]!);
      }
    }
  }
}

/** Everything that a store holds: its blocks and, through a snapshot, its head. */
export async function contentsOf(store: Store): Promise<Contents> {
  const contents: Contents = new Map();
  for (const block of store.blocks()) addBlock(contents, block.dir);
  const parentDir = temporaryDir();
  try {
    const snapshot = await store.snapshotHead({ parentDir });
    if (snapshot !== undefined) addBlock(contents, snapshot.dir);
  } finally {
    rmSync(parentDir, { recursive: true, force: true });
  }
  return contents;
}

/** What is in a head, without going through files. */
export async function headContents(head: Head): Promise<Contents> {
  const contents: Contents = new Map();
  const copy = await copyHead(head, -Infinity, Infinity, new Pacer(systemClock));
  if (copy === undefined) return contents;
  const samples = new SampleColumns();
  for (let at = 0; at < copy.count; at++) {
    const address = copy.address[at]!;
    const start = address & pageMask;
    const page = copy.pages[address >>> pageBits]!;
    samples.clear();
    decodeChunk(page.subarray(start, start + copy.length[at]!), samples);
    const labels = head.series.labels(copy.series[at]!);
    for (let index = 0; index < samples.count; index++) {
      addSample(contents, labels, samples.times[index]!, samples.lo[index]!, samples.hi[index]!);
    }
  }
  return contents;
}

/** Contents in one form that is easy to compare and to print. */
export function sorted(contents: Contents): string[] {
  return [...contents]
    .flatMap(([key, samples]) =>
      [...samples].map(([timeMs, bits]) => `${key.replaceAll('\u0000', ' ')} ${timeMs} ${bits}`),
    )
    .sort();
}

export function temporaryDir(): string {
  return mkdtempSync(join(tmpdir(), 'store-'));
}

/** A store in a new directory, with a clock that the test owns. */
export interface StoreBench {
  dir: string;
  clock: FakeClock;
  rng: Rng & { u32(): number };
  options: StoreOptions;
  /** Opens the store as an owner does who tells at once what was mended. */
  open(more?: Partial<StoreOptions>): Promise<Store>;
}

/** Time at which benches begin: the start of a two-hour range. */
export const benchStartMs = 1_699_999_200_000;

/** Runs a test over a bench and removes its directory afterwards. */
export async function withBench(
  test: (bench: StoreBench) => Promise<void>,
  seed = 1,
): Promise<void> {
  const root = temporaryDir();
  const dir = join(root, 'data');
  const clock = new FakeClock(benchStartMs);
  const rng = seededRng(seed);
  const options: StoreOptions = { dir, clock, rng, thread: inlineThread() };
  const opened: Store[] = [];
  try {
    await test({
      ...{ dir, clock, rng, options },
      async open(more = {}) {
        const store = await Store.open({ ...options, ...more });
        opened.push(store);
        await store.settleRepairs();
        return store;
      },
    });
  } finally {
    for (const store of opened) await store.close().catch(() => undefined);
    rmSync(root, { recursive: true, force: true });
  }
}

/**
 * Runs the lives of a long test as long as `isWanted` says of the next one, several at a time: most of
 * a life is waiting for the disk and for other processes. After a failure none begins any more.
 */
export async function liveAll(
  isWanted: (life: number) => boolean,
  atOnce: number,
  live: (life: number) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  let next = 0;
  const lane = async () => {
    while (failures.length === 0 && isWanted(next)) {
      await live(next++).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  if (failures.length > 0) throw failures[0];
}
