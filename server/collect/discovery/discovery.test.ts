import { describe, expect, test } from '@jest/globals';
import { FakeClock, type LogFields, silentLogger } from '../../../lib/runtime/index.ts';
import {
  discoveryPollMs,
  maxDiscoveredNodes,
  maxDiscoveryRetryMs,
  staleNodeMs,
} from '../limits.ts';
import { Discovery, type DiscoveryDatabase, type DiscoveryState } from './discovery.ts';

const minuteMs = 60_000;
type Row = [id: unknown, host: unknown, createdAt: unknown, lastPing: unknown];

/** A database whose rows tests set, and a discovery over it. */
function setUp(clusterName = 'main') {
  const clock = new FakeClock();
  const asked: { sql: string; parameters: readonly unknown[]; options: { dialect: string } }[] = [];
  const states: DiscoveryState[] = [];
  const lines: string[] = [];
  const bed = {
    ...{ clock, asked, states, lines },
    rows: [] as Row[] | Error,
    cluster: { clusterName, driverName: 'postgres' },
    self: { clusterId: '', addresses: ['10.0.0.1'], names: ['mm1'] },
    /** The nodes by host, those that are stale with a star. */
    hosts: () => states.at(-1)?.nodes.map(({ host, isStale }) => (isStale ? `${host}*` : host)),
    codes: () => states.at(-1)?.problems.map(({ code }) => code),
  };
  const database: DiscoveryDatabase = {
    query: (sql, parameters, options) => {
      asked.push({ sql, parameters, options });
      return bed.rows instanceof Error
        ? Promise.reject(bed.rows)
        : Promise.resolve({ rows: bed.rows });
    },
  };
  const log = (message: string, fields?: LogFields) =>
    void lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
  const discovery = new Discovery({
    clock,
    logger: { ...silentLogger, info: log, warn: log },
    database,
    cluster: () => bed.cluster,
    self: () => bed.self,
    onChange: (state) => void states.push(state),
  });
  return { ...bed, bed, discovery };
}

/** A row that was pinged `agoMs` before `clock` says. */
function row(clock: FakeClock, id: string, host: unknown, agoMs = 1000): Row {
  return [id, host, clock.nowMs() - 3_600_000, clock.nowMs() - agoMs];
}

/** Nodes and problem codes that these rows make at first sight. */
async function found(rows: (clock: FakeClock) => Row[]) {
  const { bed, clock, discovery, hosts, codes, states } = setUp();
  bed.rows = rows(clock);
  discovery.start();
  await clock.advance(0);
  await discovery.stop();
  return { hosts: hosts(), codes: codes(), problems: states.at(-1)?.problems ?? [] };
}

describe('discovery', () => {
  test('asks the primary database for the nodes of its cluster, at once and every 15 s', async () => {
    const { bed, clock, asked, discovery, states, hosts } = setUp();
    bed.rows = [row(clock, 'a', 'mm1'), row(clock, 'b', '10.0.0.2')];
    discovery.start();
    discovery.start();
    await clock.advance(0);
    expect(hosts()).toEqual(['mm1', '10.0.0.2']);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.parameters).toEqual(['mattermost_app', 'main']);
    expect(asked[0]?.sql).toMatch(/FROM ClusterDiscovery WHERE type = \$1 AND clustername = \$2/);
    expect(asked[0]?.options).toMatchObject({ dialect: 'postgres', mayRepeat: true });
    expect(asked[0]?.options).not.toHaveProperty('onReplica');
    await clock.advance(discoveryPollMs - 1);
    expect(asked).toHaveLength(1);
    bed.rows.push(row(clock, 'c', 'mm3'));
    await clock.advance(1);
    expect(hosts()).toEqual(['mm1', '10.0.0.2', 'mm3']);
    bed.cluster = { clusterName: 'main', driverName: 'mysql' };
    discovery.wake();
    await clock.advance(0);
    expect(asked.at(-1)?.options.dialect).toBe('mysql');
    // New pings alone are no change.
    bed.rows = bed.rows.map(([id, host, created]) => [id, host, created, clock.nowMs()]);
    await clock.advance(discoveryPollMs);
    expect(states).toHaveLength(2);
    expect(discovery.state.nodes[0]?.lastPingMs).toBe(clock.nowMs() - discoveryPollMs);
    await discovery.stop();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(10 * discoveryPollMs);
    expect(asked).toHaveLength(4);
  });

  test('keeps known nodes while the database is away, asks on for ever, and recovers', async () => {
    const { bed, clock, asked, discovery, states, hosts, codes, lines } = setUp();
    bed.rows = [row(clock, 'a', 'mm1'), row(clock, 'b', 'mm2')];
    discovery.start();
    await clock.advance(0);
    const { rows } = bed;
    bed.rows = Object.assign(new Error('password=hunter2'), { code: 'SQL_UNAVAILABLE' });
    await clock.advance(discoveryPollMs);
    expect(hosts()).toEqual(['mm1', 'mm2']);
    expect(codes()).toEqual(['DISCOVERY_FAILED']);
    expect(JSON.stringify(states)).not.toContain('hunter2');
    expect(lines.join()).not.toContain('hunter2');
    const before = asked.length;
    await clock.advance(10 * minuteMs);
    expect(asked.length - before).toBeGreaterThanOrEqual(10);
    expect(asked.length - before).toBeLessThan(20);
    expect(states).toHaveLength(2);
    bed.rows = rows.map(([id, host, created]) => [id, host, created, clock.nowMs()]);
    await clock.advance(maxDiscoveryRetryMs);
    expect(hosts()).toEqual(['mm1', 'mm2']);
    expect(codes()).toEqual([]);
    // One line for the nodes, one for the failure.
    expect(lines).toHaveLength(2);
    await discovery.stop();
  });

  test('settles for this node alone when the table could not be read three times', async () => {
    const { bed, clock, discovery, states } = setUp();
    bed.rows = new Error('away');
    discovery.start();
    await clock.advance(0);
    expect(states).toMatchObject([{ isSettled: false, nodes: [] }]);
    await clock.advance(6000);
    expect(states).toMatchObject([{ isSettled: false }, { isSettled: true, nodes: [] }]);
    await discovery.stop();
  });

  test('retries a single failure soon', async () => {
    const { bed, clock, asked, discovery } = setUp();
    bed.rows = new Error('once');
    discovery.start();
    await clock.advance(0);
    bed.rows = [row(clock, 'a', 'mm1')];
    await clock.advance(2000);
    expect(asked).toHaveLength(2);
    await clock.advance(discoveryPollMs);
    expect(asked).toHaveLength(3);
    await discovery.stop();
  });

  test('says that nothing is registered, and forgets nodes of another cluster', async () => {
    const { bed, clock, discovery, hosts, codes, states } = setUp();
    discovery.start();
    await clock.advance(0);
    expect(codes()).toEqual(['DISCOVERY_EMPTY']);
    bed.rows = [row(clock, 'a', 'mm1')];
    await clock.advance(discoveryPollMs);
    expect(codes()).toEqual([]);
    bed.cluster.clusterName = 'other';
    bed.rows = new Error('away');
    await clock.advance(discoveryPollMs);
    expect(hosts()).toEqual([]);
    expect(states.at(-1)).toMatchObject({ readAtMs: undefined, isSettled: false });
    await discovery.stop();
  });

  test('does not believe at once that no node is left: it is one itself', async () => {
    const { bed, clock, discovery, hosts, codes, states } = setUp();
    bed.rows = [row(clock, 'a', 'mm1'), row(clock, 'b', 'mm2')];
    discovery.start();
    await clock.advance(0);
    bed.rows = [];
    await clock.advance(29 * minuteMs);
    expect([hosts(), codes()]).toEqual([['mm1', 'mm2'], ['DISCOVERY_EMPTY']]);
    expect(states.at(-1)?.problems[0]?.message).toContain('the 2 nodes known from before');
    await clock.advance(2 * minuteMs);
    expect([hosts(), codes()]).toEqual([[], ['DISCOVERY_EMPTY']]);
    await discovery.stop();
  });

  test('gives up a query that is under way when it stops', async () => {
    const { clock } = setUp();
    let signal: AbortSignal | undefined;
    const discovery = new Discovery({
      clock,
      logger: silentLogger,
      database: {
        query: (_sql, _parameters, options) => {
          signal = options.signal;
          return new Promise((_resolve, reject) => {
            options.signal.addEventListener('abort', () => reject(new Error('aborted')));
          });
        },
      },
      cluster: () => ({ clusterName: 'main', driverName: 'postgres' }),
      self: () => ({ clusterId: '', addresses: [], names: [] }),
      onChange: () => {
        throw new Error('nothing was found');
      },
    });
    discovery.start();
    await clock.advance(0);
    await discovery.stop();
    expect(signal?.aborted).toBe(true);
  });
});

describe('freshness', () => {
  test('marks nodes that missed more than three pings, and drops them after half an hour', async () => {
    const at = (agoMs: number) =>
      found((clock) => [row(clock, 'a', 'mm1', 0), row(clock, 'b', 'mm2', agoMs)]);
    expect((await at(staleNodeMs)).hosts).toEqual(['mm1', 'mm2']);
    expect((await at(staleNodeMs + 2000)).hosts).toEqual(['mm1', 'mm2*']);
    expect((await at(30 * minuteMs - 1)).hosts).toEqual(['mm1', 'mm2*']);
    expect((await at(30 * minuteMs)).hosts).toEqual(['mm1']);
  });

  test('goes by our own clock’s pace once a row is known', async () => {
    const { bed, clock, discovery, hosts } = setUp();
    const ping = (row: Row): Row => [row[0], row[1], row[2], clock.nowMs()];
    bed.rows = [row(clock, 'a', 'mm1'), row(clock, 'b', 'mm2')];
    discovery.start();
    for (let minute = 0; minute < 35; minute++) {
      const [first, second]: Row[] = bed.rows;
      if (first === undefined || second === undefined) throw new Error('no rows');
      bed.rows = [ping(first), second];
      await clock.advance(minuteMs);
      if (minute === 2) expect(hosts()).toEqual(['mm1', 'mm2']);
      if (minute === 6) expect(hosts()).toEqual(['mm1', 'mm2*']);
    }
    expect(hosts()).toEqual(['mm1']);
    await discovery.stop();
  });

  test.each([-60, 60])('loses no node when our clock is %d minutes off', async (minutes) => {
    const { hosts } = await found((clock) => {
      const rows = [row(clock, 'a', 'mm1'), row(clock, 'b', 'mm2')];
      clock.stepWall(minutes * minuteMs);
      return rows;
    });
    expect(hosts).toEqual(['mm1', 'mm2']);
  });

  test('loses no node when another one’s clock, or a forged row, is far in the future', async () => {
    const { hosts } = await found((clock) => [
      row(clock, 'a', 'mm1'),
      row(clock, 'b', 'mm2', -60 * minuteMs),
      ['c', 'mm3', 0, Number.MAX_SAFE_INTEGER],
    ]);
    expect(hosts).toEqual(['mm1', 'mm2', 'mm3']);
  });

  test('keeps all nodes when our clock steps while it runs', async () => {
    const { bed, clock, discovery, hosts } = setUp();
    bed.rows = [row(clock, 'a', 'mm1'), row(clock, 'b', 'mm2')];
    discovery.start();
    await clock.advance(0);
    for (const minutes of [60, -120]) {
      clock.stepWall(minutes * minuteMs);
      await clock.advance(discoveryPollMs);
      expect(hosts()).toEqual(['mm1', 'mm2']);
    }
    await discovery.stop();
  });
});

describe('rows', () => {
  test('that name one host twice are one node, with the newest ping', async () => {
    const { bed, clock, discovery, states } = setUp();
    bed.rows = [
      row(clock, 'old', 'MM2.example.', 20 * minuteMs),
      row(clock, 'new', 'mm2.example', 1000),
      row(clock, 'six', '[FD00:0::5]'),
      row(clock, 'seven', 'fd00::5', 500),
    ];
    discovery.start();
    await clock.advance(0);
    const [state] = states;
    expect(state?.nodes.map(({ id, host }) => [id, host])).toEqual([
      ['new', 'mm2.example'],
      ['seven', 'fd00::5'],
    ]);
    // The leftover of an earlier start is no trouble, two live nodes with one address are.
    expect(state?.problems).toMatchObject([
      { code: 'DISCOVERY_DUPLICATE', message: expect.stringContaining('fd00::5') as unknown },
    ]);
    await discovery.stop();
  });

  test.each([
    ['', 'empty'],
    ['   ', 'empty'],
    [null, 'empty'],
    [5, 'empty'],
    ['a b', 'no plain'],
    ['mm1/../x', 'no plain'],
    ['http://mm1', 'no plain'],
    ['user:secret@mm1', 'no plain'],
    ['mm1:8067', 'port'],
    ['x'.repeat(254), 'longer'],
    [`${'a'.repeat(64)}.example`, 'no host name'],
    ['-mm1', 'no host name'],
    ['mm1..example', 'no host name'],
    ['mm1\u0000', 'no host name'],
    ['mattermöst', 'no host name'],
    ['2130706433', 'neither'],
    ['0x7f000001', 'neither'],
    ['10.0.0', 'neither'],
    ['10.0.0.256', 'neither'],
    ['fe80::1%eth0', 'zone'],
    ['[fd00::5', 'no host name'],
    ['[mm1]', 'brackets'],
    ['0.0.0.0', 'no machine'],
    ['::', 'no machine'],
    ['169.254.169.254', 'metadata'],
    ['::ffff:169.254.169.254', 'metadata'],
    ['fd00:ec2::254', 'metadata'],
    ['fe80::1', 'link-local'],
    ['localhost', 'another machine'],
    ['LOCALHOST.localdomain', 'another machine'],
    ['a.localhost', 'another machine'],
  ])('with the host %j are a problem and leave the others alone', async (host, reason) => {
    const { hosts, codes, problems } = await found((clock) => [
      row(clock, 'a', 'mm1'),
      row(clock, 'bad', host),
      row(clock, 'b', 'mm2'),
    ]);
    expect(hosts).toEqual(['mm1', 'mm2']);
    expect(codes).toEqual(['DISCOVERY_ROW']);
    expect(problems[0]?.message).toContain(reason);
    expect(problems[0]?.message).not.toContain('secret');
    expect(problems[0]?.message).toMatch(/^[\x20-\x7e…]*$/);
    expect(problems[0]?.message.length).toBeLessThan(300);
    expect(problems[0]?.advice).toMatch(/./);
  });

  test.each([
    [['', 'mm2', 1, 1]],
    [['b', 'mm2', 'x', 1]],
    [['b', 'mm2', 1, null]],
    [['b', 'mm2', 1, -5]],
    [['b', 'mm2', 1, 2n ** 62n]],
    [['b', 'mm2', 1, 1.5]],
    [[]],
    [['b'.repeat(100), 'mm2', 1, 1]],
  ])('like %p are a problem, too', async (bad) => {
    const { hosts, codes } = await found((clock) => [
      row(clock, 'a', 'mm1'),
      bad as unknown as Row,
    ]);
    expect(hosts).toEqual(['mm1']);
    expect(codes).toEqual(['DISCOVERY_ROW']);
  });

  test('come with texts as bytes from MySQL', async () => {
    const { hosts, codes } = await found((clock) => [
      [Buffer.from('a'), Buffer.from('mm1'), Buffer.from('5'), Buffer.from(String(clock.nowMs()))],
    ]);
    expect([hosts, codes]).toEqual([['mm1'], []]);
  });

  test('may be too many: the newest count, a few bad ones are named', async () => {
    const { hosts, codes } = await found((clock) =>
      Array.from({ length: maxDiscoveredNodes + 1 }, (_, at) =>
        row(clock, String(at), `mm${String(at)}`),
      ),
    );
    expect(hosts).toHaveLength(maxDiscoveredNodes);
    expect(codes).toEqual(['DISCOVERY_TOO_MANY_ROWS']);
    const { problems } = await found((clock) =>
      Array.from({ length: 50 }, (_, at) => row(clock, String(at), 'a b')),
    );
    expect(problems).toHaveLength(11);
    expect(problems[9]?.message).toContain('There are 40 more');
  });
});

test('our own row is told by its id, else by address, else by name', async () => {
  const { bed, clock, discovery, states } = setUp();
  const self = () =>
    states
      .at(-1)
      ?.nodes.filter(({ isSelf }) => isSelf)
      .map(({ host }) => host);
  bed.rows = [row(clock, 'a', 'MM1'), row(clock, 'b', '10.0.0.1'), row(clock, 'c', 'mm3')];
  bed.self = { clusterId: 'c', addresses: ['10.0.0.1'], names: ['mm1'] };
  discovery.start();
  await clock.advance(0);
  expect(self()).toEqual(['mm3']);
  bed.self.clusterId = 'unknown';
  await clock.advance(discoveryPollMs);
  expect(self()).toEqual(['10.0.0.1']);
  bed.self.addresses = ['10.9.9.9'];
  await clock.advance(discoveryPollMs);
  expect(self()).toEqual(['mm1']);
  bed.self.names = [''];
  await clock.advance(discoveryPollMs);
  expect(self()).toEqual([]);
  await discovery.stop();
});
