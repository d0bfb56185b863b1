import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type LogFields, type Logger, silentLogger } from '../../lib/runtime/index.ts';
import { isHolding, kill, LeaseBench, never, problemCodes } from './lease-bench-fixture.ts';

let bench: LeaseBench;

beforeEach(() => {
  bench = new LeaseBench();
});

// Every timer has an owner that ends it.
afterEach(async () => {
  expect(await bench.close()).toBe(0);
});

describe('the holder', () => {
  test('renews every 5 s and keeps its epoch', async () => {
    const node = bench.started('a');
    await bench.until(() => isHolding(node));
    await bench.clock.advance(60_000);
    expect(bench.record()).toMatchObject({ e: 1, s: 13 });
    expect(node.calls.filter((call) => call === 'get')).toHaveLength(2);
  });

  test('stops with the first answer that says that the record is another one', async () => {
    const holder = bench.started('a');
    await bench.until(() => isHolding(holder));
    const views: string[] = [];
    holder.lease.onChange((view) => views.push(`${view.role} ${view.holder?.id ?? '-'}`));
    await bench.write({
      ...{ v: 1, e: 9, s: 0, st: 'held', id: 'z', boot: 'z', pid: 1 },
      ...{ host: 'z', ver: '9.9.9', since: 5 },
    });
    await bench.until(() => !isHolding(holder), 5100);
    await bench.clock.advance(10);
    expect(views).toEqual(['following -', 'following z']);
    expect(holder.lease.view()).toMatchObject({ epoch: 9, isSure: false });
    expect(problemCodes(holder)).toEqual(['CLUSTER_LEASE_OVERWRITTEN']);
    await bench.until(() => isHolding(holder));
    expect(holder.lease.view().epoch).toBe(10);
  });

  test('is unsure 10 s after the start of its last confirmed call, and sure again with the next', async () => {
    const node = bench.started('a');
    await bench.until(() => isHolding(node));
    const changes: boolean[] = [];
    node.lease.onChange(({ isSure }) => changes.push(isSure));
    node.before = () => Promise.reject(new Error('down'));
    await bench.clock.advance(9900);
    expect(node.lease.mayDelete()).toBe(true);
    await bench.clock.advance(100);
    expect(node.lease.mayDelete()).toBe(false);
    expect(node.lease.view()).toMatchObject({ role: 'holding', isSure: false });
    expect(problemCodes(node)).toEqual(['CLUSTER_DATABASE_FAILING', 'CLUSTER_LEASE_UNSURE']);
    node.before = () => Promise.resolve();
    await bench.clock.advance(1000);
    expect(node.lease.mayDelete()).toBe(true);
    expect(node.lease.problems()).toEqual([]);
    // Failing at 6 s, unsure at 10 s, and back.
    expect(changes).toEqual([true, false, true]);
  });

  test('counts from the start of a call, not from its answer', async () => {
    const node = bench.started('a');
    await bench.until(() => isHolding(node));
    await bench.clock.advance(4000);
    // The next renewal is applied at once and answered 3 s later.
    node.after = () => new Promise((resolve) => void bench.clock.setTimer(3000, resolve));
    await bench.until(() => bench.record()?.['s'] === 2);
    await bench.clock.advance(3000);
    node.before = never;
    await bench.clock.advance(6900);
    expect(node.lease.mayDelete()).toBe(true);
    await bench.clock.advance(200);
    expect(node.lease.mayDelete()).toBe(false);
  });

  test('goes on when the database driver repeats what was written already, and tells of that alone', async () => {
    const { holder, follower } = await bench.pair();
    const { epoch } = holder.lease.view();
    const roles: string[] = [];
    holder.lease.onChange(({ role }) => roles.push(role));
    const answers = [true, false, true, true];
    holder.before = (method) => {
      if (method === 'swap') holder.isRepeated = answers.shift() ?? false;
      return Promise.resolve();
    };
    await bench.clock.advance(30_000);
    expect(answers).toEqual([]);
    expect(roles).not.toContain('following');
    expect(holder.lease.view()).toMatchObject({ epoch, isSure: true });
    expect(isHolding(follower)).toBe(false);
  });

  test('takes a free lease also when the driver repeats the claim', async () => {
    const node = bench.add('a');
    node.before = (method) => {
      node.isRepeated = method === 'swap' && node.calls.every((call) => call === 'get');
      return Promise.resolve();
    };
    node.lease.start();
    await bench.clock.advance(3000);
    expect(isHolding(node)).toBe(true);
  });

  test('goes on when the answer of a renewal was lost but the renewal was written', async () => {
    const { holder, follower } = await bench.pair();
    let lost = 0;
    holder.after = (method) => (method === 'swap' && lost++ === 0 ? never() : Promise.resolve());
    await bench.clock.advance(60_000);
    expect(lost).toBeGreaterThan(1);
    expect(isHolding(holder)).toBe(true);
    expect(holder.lease.view().epoch).toBe(1);
    expect(isHolding(follower)).toBe(false);
    expect(problemCodes(holder)).toEqual([]);
  });

  test('goes on when a written renewal answers with an error, many times in a row', async () => {
    const { holder, follower } = await bench.pair();
    let count = 0;
    holder.after = () =>
      count++ < 9 ? Promise.reject(new Error('connection reset')) : Promise.resolve();
    await bench.clock.advance(30_000);
    expect(isHolding(holder)).toBe(true);
    expect(isHolding(follower)).toBe(false);
  });

  test('learns from its first call after a standstill that another node took over', async () => {
    const { holder, follower } = await bench.pair();
    // A stopped process: its clock runs on, its calls and timers do not.
    let resume: () => void = () => undefined;
    const stopped = new Promise<void>((resolve) => (resume = resolve));
    holder.before = () => stopped;
    await bench.until(() => isHolding(follower));
    expect(holder.lease.mayDelete()).toBe(false);
    expect(isHolding(holder)).toBe(true);
    holder.before = () => Promise.resolve();
    resume();
    await bench.clock.advance(300);
    expect(isHolding(holder)).toBe(false);
    expect(follower.lease.mayDelete()).toBe(true);
    expect(holder.lease.problems()).toMatchObject([
      { code: 'CLUSTER_TWO_COLLECTORS', severity: 'warning' },
    ]);
    expect(holder.lease.problems()[0]?.message).toContain('host-b');
    await bench.clock.advance(60 * 60 * 1000);
    expect(holder.lease.problems()).toEqual([]);
  });

  test('confirms at once when poked, and not more often than four times a second', async () => {
    const node = bench.started('a');
    await bench.until(() => isHolding(node));
    await bench.clock.advance(1000);
    const before = node.calls.length;
    node.lease.poke();
    await bench.clock.advance(1);
    expect(node.calls.length).toBe(before + 1);
    for (let at = 0; at < 1000; at++) {
      node.lease.poke();
      await bench.clock.advance(1);
    }
    expect(node.calls.length - before).toBeLessThanOrEqual(6);
  });

  test('takes the lease again with a higher epoch when its record was deleted', async () => {
    const { holder } = await bench.pair();
    await bench.database.connect().kvDelete('lead');
    await bench.clock.advance(9000);
    expect(bench.nodes.filter(isHolding)).toHaveLength(1);
    expect(bench.record()?.['e']).toBe(2);
    expect(holder.lease.problems().length).toBeLessThan(2);
  });
});

describe('the wall clock', () => {
  test.each([3_600_000, -3_600_000])(
    'may step by %d ms: deletions pause, nothing else',
    async (step) => {
      const { holder, follower } = await bench.pair();
      expect(holder.lease.mayDelete()).toBe(true);
      bench.clock.stepWall(step);
      expect(holder.lease.mayDelete()).toBe(false);
      expect(holder.lease.view().isSure).toBe(true);
      await bench.clock.advance(5000);
      expect(holder.lease.mayDelete()).toBe(true);
      await bench.clock.advance(60_000);
      expect(isHolding(holder)).toBe(true);
      expect(isHolding(follower)).toBe(false);
      expect(holder.lease.view().epoch).toBe(1);
      expect([...holder.lease.problems(), ...follower.lease.problems()]).toEqual([]);
    },
  );

  test('cannot step back to a confirmation that is long past', async () => {
    const node = bench.started('a');
    await bench.until(() => isHolding(node));
    node.before = never;
    await bench.clock.advance(15_000);
    bench.clock.stepWall(-12_000);
    // By the wall clock the last confirmation is a few seconds old.
    expect(node.lease.mayDelete()).toBe(false);
    node.before = () => Promise.resolve();
  });

  test('stops deletions after a suspension that the monotonic clock did not see', async () => {
    const node = bench.started('a');
    await bench.until(() => isHolding(node));
    bench.clock.stepWall(60_000);
    expect(node.lease.mayDelete()).toBe(false);
  });

  test('stops deletions when the suspension fell into the confirming call', async () => {
    const node = bench.started('a');
    await bench.until(() => isHolding(node));
    node.after = async () => bench.clock.stepWall(60_000);
    await bench.clock.advance(5000);
    node.after = () => Promise.resolve();
    expect(node.lease.mayDelete()).toBe(false);
    await bench.clock.advance(5000);
    expect(node.lease.mayDelete()).toBe(true);
  });
});

describe('what goes wrong in the house', () => {
  test('a listener that throws is logged and harms nobody', async () => {
    const lines: [string, LogFields | undefined][] = [];
    const logger: Logger = {
      ...silentLogger,
      error: (message, fields) => void lines.push([message, fields]),
    };
    const node = bench.add('a', { logger });
    node.lease.onChange(() => {
      throw new Error('listener');
    });
    let heard = 0;
    const stop = node.lease.onChange(() => heard++);
    node.lease.start();
    await bench.until(() => isHolding(node));
    expect(heard).toBeGreaterThan(0);
    expect(lines[0]?.[0]).toBe('A listener of the lease failed');
    stop();
  });

  test('a defect in a port is logged and the lease goes on', async () => {
    const lines: string[] = [];
    const logger: Logger = { ...silentLogger, error: (message) => void lines.push(message) };
    const holder = bench.started('a', { identity: { boot: 'one', pid: 7 } });
    await bench.until(() => isHolding(holder));
    kill(holder);
    const again = bench.started('a', {
      logger,
      identity: { boot: 'two', pid: 8 },
      isPidAlive: () => {
        throw new Error('defect');
      },
    });
    await bench.clock.advance(3000);
    expect(lines[0]).toBe('The lease met a defect and goes on');
    expect(isHolding(again)).toBe(false);
  });
});
