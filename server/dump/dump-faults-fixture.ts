import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cpSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import type { Dump } from '../../api/index.ts';
import { keysOf } from '../../lib/objectstore/conformance-fixture.ts';
import { StoreError, type ObjectBody } from '../../lib/objectstore/index.ts';
import { FakeClock, seededRng, systemClock } from '../../lib/runtime/index.ts';
import { removeTree, sha256Of } from '../share/block-fixture.ts';
import { archiveKey, dumpsPrefix } from '../share/index.ts';
import { DumpRig, hourMs, hours, MemoryKv, oneTurn, startMs } from './dump-fixture.ts';

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000);

/** Of few steps of a kind so many are broken all the same. */
const fewestBroken = 6;

/** What a job does at a step, in the order in which it comes there. */
type Kind = 'store' | 'bytes' | 'database' | 'worker' | 'inside';

/** What happens at a step; what it throws is what the step ends with. */
type Break = (kind: Kind) => void | Promise<void>;

/** A deployment whose dumps are broken at any step. */
class BrokenRig {
  readonly rig: DumpRig;
  /** One in so many steps is broken. */
  readonly stride: number;
  /** Steps of the present job so far. */
  steps: Kind[] = [];
  /** Breaks the step that is about to be done; told its number from 0 on. */
  onStep: (at: number, kind: Kind) => void | Promise<void> = () => undefined;

  constructor(rig: DumpRig, stride: number) {
    this.rig = rig;
    this.stride = stride;
    const { store, kv } = rig;
    for (const name of ['get', 'put', 'head', 'delete'] as const) {
      const call = store[name].bind(store) as (...given: unknown[]) => Promise<never>;
      const broken = async (key: string, ...rest: unknown[]) => {
        await this.#step('store');
        if (name === 'put') rest[0] = this.#slowly(rest[0] as ObjectBody);
        const answer = await call(key, ...rest);
        if (name !== 'get') return answer;
        const content = answer as { body: Readable };
        const body = Readable.from(this.#slowly(content.body));
        // A generator that was never begun does not end what it would have read.
        body.once('close', () => content.body.destroy());
        return { ...content, body };
      };
      Object.assign(store, { [name]: broken });
    }
    for (const name of ['kvGet', 'kvCompareAndSet', 'kvList'] as const) {
      const call = kv[name].bind(kv) as (...given: unknown[]) => Promise<unknown>;
      const broken = async (...given: unknown[]) => {
        await this.#step('database');
        return await call(...given);
      };
      Object.assign(kv, { [name]: broken });
    }
    rig.onCall = () => this.#step('worker');
    // It is called from within the worker: what is thrown there is as if a write there had failed.
    rig.onWorkerProgress = () => void this.#step('inside', false);
  }

  /** Bytes, each chunk of them a step. */
  async *#slowly(body: ObjectBody): AsyncGenerator<Uint8Array> {
    for await (const chunk of body instanceof Uint8Array ? [body] : body) {
      await this.#step('bytes');
      yield chunk;
    }
  }

  #step(kind: Kind, waits = true): Promise<void> {
    this.steps.push(kind);
    const done = this.onStep(this.steps.length - 1, kind);
    return waits ? Promise.resolve(done) : Promise.resolve();
  }

  /** Runs a job, broken at one step, to its end; undefined when it was not even accepted. */
  async run(at: number, what: (id: string) => Break): Promise<Dump | undefined> {
    const { service } = this.rig;
    this.steps = [];
    let id = '';
    let isBroken = false;
    this.onStep = (step, kind) => {
      if (step !== at || isBroken) return undefined;
      isBroken = true;
      return what(id)(kind);
    };
    const asked = await service.create(hours(6, 0), 'admin').catch(() => undefined);
    id = asked?.id ?? '';
    return asked && (await this.rig.finished(id));
  }
}

/** Everything that is promised of a job that has ended, whatever happened to it. */
async function checkPromises(rig: DumpRig, id: string): Promise<void> {
  const { dataDirectory, root, service } = rig;
  const dump = await service.get(id);
  expect(['ready', 'failed', 'cancelled']).toContain(dump.state);
  await isWritten(rig, id, dump.state);
  if (dump.state === 'ready') {
    const bytes = await readFile(join(root, 'files', archiveKey(id)));
    expect([bytes.length, sha256Of(bytes)]).toEqual([dump.sizeBytes, dump.sha256]);
    expect(gunzipSync(bytes).includes(`"jobId": "${id}"`)).toBe(true);
    expect(dump.samples).toBeGreaterThan(0);
  } else {
    await expect(service.archive(id)).rejects.toMatchObject({ code: 'DUMP_NOT_READY' });
  }
  if (dump.state === 'failed') expect(dump.error?.message).not.toBe('');
  expect(await readdir(join(dataDirectory, 'dump-work')).catch(() => [])).toEqual([]);
  expect(rig.openThreads).toBe(0);
}

/** Other nodes see the end, too, and within a minute where the database was away for a moment. */
async function isWritten(rig: DumpRig, id: string, state: string): Promise<void> {
  const { clock } = rig;
  const untilMs = clock.nowMs() + 60_000;
  while (stateOf(rig, id) !== state) {
    expect(clock.nowMs()).toBeLessThan(untilMs);
    await quiet(rig);
    await clock.advance(1_000);
  }
}

/** The state of a job as it lies in the database. */
function stateOf({ kv }: DumpRig, id: string): string {
  const text = new TextDecoder().decode(kv.values.get(`job:${id}`));
  return (JSON.parse(text) as { dump: { state: string } }).dump.state;
}

/** Until what the disk was asked to do before is done: it has four hands. */
async function quiet({ root }: DumpRig): Promise<void> {
  for (let round = 0; round < 10; round++) {
    await Promise.all(Array.from({ length: 8 }, () => stat(root)));
    await oneTurn();
  }
}

let broken: BrokenRig;
/** The steps of a job that nothing happens to. */
let steps: Kind[];

/** Numbers of the steps of these kinds that are broken this time. */
function chosen(kinds: readonly Kind[], salt: number): number[] {
  const { stride } = broken;
  const all = [...steps.entries()].filter(([, kind]) => kinds.includes(kind)).map(([at]) => at);
  const every = Math.max(1, Math.min(stride, Math.floor(all.length / fewestBroken)));
  const from = seededRng(seed + salt).u32() % every;
  return all.filter((_, at) => at % every === from);
}

/** Breaks a job at each step; afterwards it is deleted, and nothing of it is left in the file store. */
async function breakEach(
  kinds: readonly Kind[],
  salt: number,
  what: (id: string) => Break,
): Promise<string[]> {
  const { rig } = broken;
  const states: string[] = [];
  for (const at of chosen(kinds, salt)) {
    const dump = await broken.run(at, what);
    broken.onStep = () => undefined;
    rig.store.fault = () => undefined;
    states.push(dump?.state ?? 'refused');
    if (dump === undefined) continue;
    await checkPromises(rig, dump.id);
    if (dump.state !== 'ready') {
      // A store that is away cannot be cleaned; the deletion of the job does it then.
      await rig.service.delete(dump.id, 'admin');
      expect(await keysOf(rig.store, dumpsPrefix)).toEqual([]);
    } else await rig.service.delete(dump.id, 'admin');
  }
  expect(states.length).toBeGreaterThan(0);
  return states;
}

/**
 * Breaks jobs at their steps, in every way: at one in `stride` of them, with another beginning each time.
 */
export function describeFaults(stride: number): void {
  describe(`a job broken at its steps, seed ${String(seed)}`, () => {
    beforeAll(async () => {
      const rig = await DumpRig.create();
      await rig.makeRemote(await rig.addBlock(6, 4));
      await rig.makeRemote(await rig.addBlock(5, 3));
      await rig.addBlock(3, 1);
      rig.local.head = { mint: startMs - hourMs, maxt: startMs - 1 };
      broken = new BrokenRig(rig, stride);
      await rig.service.start();
      const dump = await broken.run(-1, () => () => undefined);
      await checkPromises(rig, dump?.id ?? '');
      steps = broken.steps;
      await rig.service.delete(dump?.id ?? '', 'admin');
    });

    afterAll(async () => {
      await broken.rig.service.stop();
      await removeTree(broken.rig.root);
    });

    test('has steps of all kinds', () => {
      for (const kind of ['store', 'bytes', 'database', 'worker', 'inside'] as const) {
        expect(steps.filter((each) => each === kind).length).toBeGreaterThan(2);
      }
    });

    test('by an error of the file store or within a transfer', async () => {
      const states = await breakEach(['store', 'bytes'], 1, () => () => {
        throw new StoreError('STORE_FAILED', 'told to fail', 'key');
      });
      expect(states).toContain('failed');
    });

    test('by a file store that is cut off and stays away', async () => {
      const states = await breakEach(['store', 'bytes', 'worker'], 2, () => () => {
        broken.rig.store.fault = () => 'STORE_UNREACHABLE';
      });
      expect(states).toContain('failed');
    });

    test('by a disk that is full', async () => {
      const states = await breakEach(['bytes', 'worker', 'inside'], 3, () => () => {
        throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
      });
      expect(states).toContain('failed');
    });

    test('by one call of the database that fails', async () => {
      await breakEach(['database'], 4, () => () => {
        throw new Error('the database is away');
      });
    });

    test('by somebody who cancels it', async () => {
      const states = await breakEach(
        ['store', 'bytes', 'worker', 'inside'],
        5,
        (id) => async () => {
          // Not waited for: it resolves when the job has ended.
          broken.rig.service.cancel(id, 'admin').catch(() => undefined);
          await oneTurn();
        },
      );
      expect(states).toContain('cancelled');
    });

    test('by the end of the process: the next one does it again', async () => {
      const { rig } = broken;
      for (const [round, at] of chosen(['store', 'bytes', 'worker', 'inside'], 6).entries()) {
        // Each of these takes as long as several of the others.
        if (stride > 1 && round % 3 > 0) continue;
        const root = `${rig.root}-${String(round)}`;
        const kv = new MemoryKv();
        const dump = await broken.run(at, () => () => {
          // All that is left of a process that ends here: what lies on the disks and in the database.
          cpSync(rig.root, root, { recursive: true });
          for (const [key, value] of rig.kv.values) kv.values.set(key, value);
        });
        broken.onStep = () => undefined;
        const id = dump?.id ?? '';
        const next = new DumpRig(root, 'node-a', { kv, clock: new FakeClock(rig.clock.nowMs()) });
        const moved = rig.local.blocks().map((block) => {
          return { ...block, dir: block.dir.replace(rig.root, root) };
        });
        next.local.add(...moved);
        next.local.head = rig.local.head;
        // Before it lies there nobody has been told of it.
        const isKnown = kv.values.has(`job:${id}`);
        if (isKnown) expect(stateOf(next, id)).not.toBe('ready');
        await next.service.start();
        if (isKnown) {
          expect((await next.finished(id)).state).toBe('ready');
          await checkPromises(next, id);
        } else expect(await next.service.list()).toEqual([]);
        await next.service.stop();
        await removeTree(root);
        await rig.service.delete(id, 'admin');
      }
    });
  });
}
