import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, type Logger } from '../../../lib/runtime/index.ts';
import { removeTree } from '../../share/block-fixture.ts';
import { newRecord } from '../jobs/job-record.ts';
import { wholeContent } from '../selection/content.ts';
import { StorePace } from '../work-area/index.ts';
import { DumpPace, type DumpWork } from './dump-pace.ts';
import { KeptPace } from './kept-pace.ts';

const range = { fromMs: 0, toMs: 86_400_000 };
const rates = { get: undefined, put: undefined };
const work: DumpWork = {
  rehearsed: [{ packMs: 15_000, checkMs: 3_000, archiveBytes: 75e6 }],
  ...{ coldMs: 0, slowdown: 1, startMs: 0, snapshotMs: 0 },
  ...{ bytes: 75e6, sourceBytes: 150e6, fetchedBytes: 0 },
};

let root: string;
let path: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'pace-'));
  path = join(root, 'data', 'dump-pace.json');
});

afterEach(async () => {
  await removeTree(root);
});

/** A process of the plugin, as far as its pace is concerned. */
class Process {
  readonly pace = new DumpPace();
  readonly storePace = new StorePace();
  readonly lines: string[] = [];
  readonly kept: KeptPace;

  constructor(pluginVersion = '0.8.0') {
    const logger: Logger = {
      ...silentLogger,
      info: (message) => {
        this.lines.push(message);
      },
    };
    const { pace, storePace } = this;
    const dataDirectory = join(root, 'data');
    this.kept = new KeptPace({ dataDirectory, logger, pluginVersion, pace, storePace });
  }

  get seconds(): number {
    return this.pace.seconds(work, range, wholeContent, rates);
  }

  /** A dump that takes so many times as long as is told. */
  async dump(times: number): Promise<void> {
    const seconds = this.seconds * times;
    const asked = { range, content: wholeContent, userId: '', node: '', owner: '', nowMs: 0 };
    const { dump } = newRecord('a'.repeat(26), asked);
    this.kept.learn(
      Object.assign(dump, { state: 'ready', startedAtMs: 0, finishedAtMs: seconds * 1000 }),
    );
    await this.kept.settled();
  }
}

async function taught(): Promise<Process> {
  const first = new Process();
  first.storePace.got(10e6, 1_000);
  for (let dumps = 0; dumps < 7; dumps++) await first.dump(1.2);
  return first;
}

test('the next process begins with what the last one has learned', async () => {
  const first = await taught();
  const next = new Process();
  const before = next.seconds;
  await next.kept.load();
  expect(next.seconds).toBe(first.seconds);
  expect(next.seconds).toBeGreaterThan(before);
  expect(next.storePace.rates).toEqual({ get: 10_000, put: undefined });
  expect(next.pace.factors.get('whole')).toHaveLength(5);
  // One file, for its owner alone.
  expect(await readdir(join(root, 'data'))).toEqual(['dump-pace.json']);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect([first.lines, next.lines]).toEqual([[], []]);
});

test('goes by the CPU time of the dump that was built last', async () => {
  const [one, other] = [new Process(), new Process()];
  // Busy programs beside it; the CPU time of another dump tells nothing of this one.
  expect(one.seconds).toBe(other.seconds);
  one.kept.worked('a'.repeat(26), 18_000);
  other.kept.worked('b'.repeat(26), 18_000);
  await one.dump(2);
  await other.dump(2);
  expect(one.pace.factors.get('whole')![0]).toBeCloseTo(1.25, 1);
  expect(other.pace.factors.get('whole')![0]).toBeCloseTo(2, 1);
});

test('nothing is kept of a dump that teaches nothing', async () => {
  await new Process().dump(0.01);
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
});

test.each([
  ['of another version of the plugin', '0.9.0', (text: string) => text],
  ['of another machine', '0.8.0', (text: string) => text.replace(/ · \d+"/, ' · 999"')],
  ['of another format', '0.8.0', (text: string) => text.replace('"version":1', '"version":2')],
  ['that was cut off', '0.8.0', (text: string) => text.slice(0, 60)],
  ['that is too large', '0.8.0', (text: string) => text + ' '.repeat(16 * 1024)],
  ['of no numbers', '0.8.0', (text: string) => text.replace(/\[[^\]]*\]/, '["1",null,-1,{}]')],
  ['of an unknown form', '0.8.0', (text: string) => text.replace('"whole"', '"__proto__"')],
  ['that is no object', '0.8.0', () => 'null'],
])('a file %s is begun anew', async (_what, pluginVersion, changed) => {
  await taught();
  const text = await readFile(path, 'utf8');
  expect(changed(text)).not.toBe(pluginVersion === '0.8.0' ? text : '');
  await writeFile(path, changed(text));
  const next = new Process(pluginVersion);
  const before = next.seconds;
  await next.kept.load();
  expect(next.seconds).toBe(before);
  await next.dump(1.5);
  const again = new Process(pluginVersion);
  await again.kept.load();
  expect(again.seconds).toBe(next.seconds);
});

test('says in the log what could not be kept, and goes on', async () => {
  await writeFile(join(root, 'data'), 'in the way');
  const process = new Process();
  await process.dump(1.2);
  await process.kept.load();
  expect(process.lines).toEqual([
    'What dumps take on this node could not be written',
    'What dumps take on this node could not be read',
  ]);
});
