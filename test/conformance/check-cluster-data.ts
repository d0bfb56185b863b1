import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Dump, Gap, TargetList } from '../../api/index.ts';
import { ask, dumpReady, holds, orderDump, same } from './bed.ts';
import { agreed, readLease } from './check-cluster-lease.ts';
import { eventually, figure, type Checks } from './checks.ts';
import type { ClusterBed } from './cluster-bed.ts';
import type { ClusterNode } from './cluster-node.ts';
import { dumpOn, missingIn } from './cluster-samples.ts';
import { RecordWatch } from './record-watch.ts';

/** The shortest interval that leaves the machine some rest. */
const intervalMs = 2000;
const isSoak = process.env['SOAK'] === '1';
/** The ten minutes in the long run. */
const outageMs = isSoak ? 600_000 : 16_000;
/** How late bytes and events come, where an answer breaks off, and for how long it goes on. */
const lateMs = 400;
const tornBytes = 600;
const troubleMs = 6000;
const joinMs = 20_000;
const takeoverMs = 20_000;
/** A record of the lease that stands still for so long is for others to take. */
const recordLifeMs = 15_000;
/** Nobody may begin more than 10 dumps within a minute. */
const dumpPauseMs = 7000;
/** What may be lost with a collector's disk. */
const maxLostMs = 300_000;
/** What a scrape may take from its exporter's answer to the store. */
const inFlightMs = 1000;

/** What is collected while nodes and the database come and go, and what a dump shows of it. */
export async function checkClusterData(checks: Checks, bed: ClusterBed): Promise<void> {
  await bed.configure({ scrapeintervalseconds: intervalMs / 1000, scrapetimeoutseconds: 1 });
  await checks.check('every node of the table is scraped', () => checkTargets(bed));
  const startedMs = Date.now();
  await checks.check(`the database is gone for ${outageMs / 1000} s: collecting goes on`, () =>
    checkOutage(bed),
  );
  await checks.check(
    'a slow database, one whose answers break off, and late events: the same collects',
    () => checkSlowDatabase(bed),
  );
  await checks.check('a node that joins is scraped', async (isAgain) => {
    if (isAgain) await dropLast(bed);
    await checkJoin(bed);
  });
  await checks.check('a node that leaves gets staleness markers and a ledger entry', () =>
    checkLeave(bed, startedMs),
  );
  await checks.check('a dump on a listener holds the newest minute of every node', () =>
    checkNewestMinute(bed),
  );
  await checks.check('a collector that loses the database alone is replaced, and gives way', () =>
    checkPartition(bed),
  );
  await checks.check('a collector that stood still for 25 s is replaced, and gives way', () =>
    checkPause(bed),
  );
  await checks.check('rows of the table that are wrong harm no other node', () =>
    checkBadRows(bed),
  );
  await checks.check('a node that dies while it makes a dump: another one makes it', () =>
    checkMaker(bed),
  );
  await checks.check('a collector that was killed with its server returns: nothing is lost', () =>
    checkReturn(bed),
  );
  await checks.check("a collector's disk is lost: the file store has what was snapshotted", () =>
    checkDiskLost(bed),
  );
}

function instanceOf(node: ClusterNode): string {
  return `${node.hostname}:${node.exporter.port}`;
}

async function targetsOf(node: ClusterNode): Promise<TargetList['targets']> {
  return (await ask<TargetList>(node, '/targets')).targets;
}

async function checkTargets(bed: ClusterBed): Promise<void> {
  const expected = bed.nodes.map(instanceOf).sort().join(' ');
  for (const node of bed.nodes) {
    await eventually(`${node.hostname} tells all targets`, joinMs, async () => {
      const up = (await targetsOf(node)).filter(({ state }) => state === 'up');
      const instances = up.map(({ instance }) => instance).sort();
      return instances.join(' ') === expected ? true : undefined;
    });
  }
}

/** No gap between scrapes of `node` in a range is longer than two intervals and what a busy machine adds. */
function checkSteady(node: ClusterNode, fromMs: number, toMs: number): void {
  const times = node.exporter.scrapes.map(({ atMs }) => atMs);
  const within = [fromMs, ...times.filter((atMs) => atMs >= fromMs && atMs <= toMs), toMs];
  const longest = Math.max(...within.slice(1).map((atMs, at) => atMs - (within[at] ?? atMs)));
  figure(`${node.hostname} without a scrape`, longest, 3 * intervalMs);
}

/** Who collects, and under which epoch. */
interface Holding {
  node: ClusterNode;
  epoch: number;
}

async function holdingOf(bed: ClusterBed): Promise<Holding> {
  const node = await agreed(bed, takeoverMs);
  return { node, epoch: (await readLease(bed)).e };
}

/**
 * The lease is where it was. On a machine that is too busy for a renewal in time another node may have
 * it, and has to: `record` saw that it could.
 */
async function checkKept(bed: ClusterBed, before: Holding, record: RecordWatch): Promise<void> {
  const after = await holdingOf(bed);
  if (after.node === before.node && after.epoch === before.epoch) return;
  figure('the record of the lease stood still', record.longestMs, recordLifeMs);
  same(after.node.hostname, before.node.hostname, 'who collects');
  same(after.epoch, before.epoch, 'epoch');
}

async function checkOutage(bed: ClusterBed): Promise<void> {
  const before = await holdingOf(bed);
  const cutMs = Date.now();
  // First the connections break, then packets vanish.
  for (const state of ['refuse', 'swallow'] as const) {
    for (const { database } of bed.nodes) await database.set(state);
    await wait(outageMs / 2);
  }
  const collectors = await eventually('a node says that it collects', takeoverMs, async () => {
    const found = await bed.collectors();
    return found.length === 0 ? undefined : found;
  });
  for (const { database } of bed.nodes) await database.set('pass');
  const restoredMs = Date.now();
  same(collectors.map(({ hostname }) => hostname).join(' '), before.node.hostname, 'who collects');
  for (const node of bed.nodes) checkSteady(node, cutMs, restoredMs);
  // What stood still meanwhile is nobody's to take: whoever held the lease is the next to write it.
  const record = RecordWatch.start(bed);
  try {
    await renewed(record);
    await checkKept(bed, before, record);
  } finally {
    await record.stop();
  }
}

/** Waits for the next record of the lease. */
async function renewed(record: RecordWatch): Promise<void> {
  const { moves } = record;
  await eventually('the record of the lease moves on', 2 * takeoverMs, () =>
    Promise.resolve(record.moves > moves ? true : undefined),
  );
}

async function checkSlowDatabase(bed: ClusterBed): Promise<void> {
  const record = RecordWatch.start(bed);
  try {
    const before = await holdingOf(bed);
    const startedMs = Date.now();
    bed.bus.fault = () => lateMs;
    for (const { database } of bed.nodes) database.delayMs = lateMs;
    await Promise.all([wait(troubleMs), renewed(record)]);
    for (const { database } of bed.nodes) {
      database.delayMs = 0;
      database.truncateAfterBytes = tornBytes;
    }
    await Promise.all([wait(troubleMs), renewed(record)]);
    endTrouble(bed);
    const endedMs = Date.now();
    await checkKept(bed, before, record);
    for (const node of bed.nodes) checkSteady(node, startedMs, endedMs);
  } finally {
    endTrouble(bed);
    await record.stop();
  }
}

function endTrouble(bed: ClusterBed): void {
  bed.bus.fault = () => true;
  for (const { database } of bed.nodes) {
    database.delayMs = 0;
    database.truncateAfterBytes = Infinity;
  }
}

async function checkJoin(bed: ClusterBed): Promise<void> {
  const joined = await bed.addNode();
  const joinedMs = Date.now();
  await joined.activate();
  const scraped = await eventually('a scrape of the new node', 2 * joinMs, () =>
    Promise.resolve(joined.exporter.firstSince(joinedMs)),
  );
  console.log(`# scraped ${scraped.atMs - joinedMs} ms after it joined`);
  figure('the new node is scraped', scraped.atMs - joinedMs, joinMs);
  await agreed(bed, takeoverMs);
}

/** Undoes {@link checkJoin}. */
async function dropLast(bed: ClusterBed): Promise<void> {
  const node = bed.nodes.pop();
  await node?.quit();
  await node?.end();
}

async function checkLeave(bed: ClusterBed, fromMs: number): Promise<void> {
  const leaver = bed.nodes.at(-1);
  holds(leaver !== undefined, 'no node');
  const instance = instanceOf(leaver);
  await leaver.quit();
  const leftMs = Date.now();
  const collector = await agreed(bed, takeoverMs);
  await eventually('its target is gone', 2 * joinMs, async () => {
    const targets = await targetsOf(collector);
    return targets.some((target) => target.instance === instance) ? undefined : true;
  });
  console.log(`# no target any more ${Date.now() - leftMs} ms after it left`);
  const dump = await dumpOn(bed, collector, fromMs);
  holds(dump.stale.has(leaver.hostname), 'its series has no staleness marker at its end');
  const manifest = JSON.parse(await readFile(`${dump.directory}/manifest.json`, 'utf8')) as {
    gaps: Gap[];
  };
  const gap = manifest.gaps.find((entry) => entry.instance === instance && entry.fromMs > leftMs);
  holds(gap !== undefined, `no ledger entry: ${JSON.stringify(manifest.gaps)}`);
  console.log(`# ledger: ${gap.reason}`);
  await leaver.end();
  bed.nodes.pop();
}

async function checkPartition(bed: ClusterBed): Promise<void> {
  const cut = await agreed(bed, takeoverMs);
  const cutMs = Date.now();
  await cut.database.set('refuse');
  const next = await eventually('another node collects', 30_000, async () =>
    (await bed.collectors()).find((node) => node !== cut),
  );
  console.log(`# ${next.hostname} collects ${Date.now() - cutMs} ms after the cut`);
  await cut.database.set('pass');
  const restoredMs = Date.now();
  same(await agreed(bed, takeoverMs), next, 'who collects');
  console.log(`# the old one gave way ${Date.now() - restoredMs} ms after it was back`);
}

async function checkPause(bed: ClusterBed): Promise<void> {
  const paused = await agreed(bed, takeoverMs);
  const { pid } = await paused.host.status();
  const goOn = await paused.pause();
  const pausedMs = Date.now();
  let isSame = false;
  try {
    const next = await eventually('another process collects', 30_000, async () => {
      const collectors = await bed.collectors();
      // A server whose plugin is silent may start it anew, and that one takes its own lease back at once.
      const isAnew = (await paused.host.status()).pid !== pid;
      return collectors.find((node) => node !== paused || isAnew);
    });
    console.log(`# ${next.hostname} collects after ${Date.now() - pausedMs} ms`);
    await wait(Math.max(0, 25_000 - (Date.now() - pausedMs)));
  } finally {
    isSame = goOn();
  }
  const resumedMs = Date.now();
  const collector = await agreed(bed, takeoverMs);
  holds(collector !== paused || !isSame, 'the one that stood still collects');
  const whose = isSame ? '' : ' (its server had started it anew)';
  console.log(`# one collector ${Date.now() - resumedMs} ms after it went on${whose}`);
}

async function checkNewestMinute(bed: ClusterBed): Promise<void> {
  const collector = await agreed(bed, takeoverMs);
  const listener = bed.nodes.find((node) => node !== collector);
  holds(listener !== undefined, 'no listener');
  const fromMs = Date.now() - 60_000;
  const dump = await dumpOn(bed, listener, fromMs - 10_000);
  console.log(`# the dump was ready after ${Date.now() - dump.orderedMs} ms`);
  for (const node of bed.nodes) {
    const missing = missingIn(dump, node, fromMs, dump.orderedMs - inFlightMs);
    same(missing.length, 0, `scrapes of ${node.hostname} that are missing`);
  }
}

async function checkReturn(bed: ClusterBed): Promise<void> {
  const fromMs = Date.now();
  const killed = await agreed(bed, takeoverMs);
  // No snapshot has these.
  await wait(5 * intervalMs);
  const killedMs = Date.now();
  await killed.killHost();
  const next = await agreed(bed, 2 * takeoverMs);
  await killed.start();
  await killed.activate();
  const returnedMs = Date.now();
  // What it had in memory is in its WAL; it goes to the file store while the other one collects.
  let missing = 0;
  await eventually('all of it is in a dump elsewhere', 120_000, async () => {
    const dump = await dumpOn(bed, next, fromMs);
    const lists = bed.nodes.map((node) => missingIn(dump, node, fromMs, killedMs - inFlightMs));
    missing = lists.flat().length;
    if (missing === 0) return true;
    console.log(`# ${missing} scrapes are missing ${Date.now() - returnedMs} ms after its return`);
    await wait(dumpPauseMs);
    return undefined;
  });
  console.log(
    `# ${missing} scrapes lost; all were there ${Date.now() - returnedMs} ms after its return`,
  );
  await agreed(bed, takeoverMs);
}

/** Rows that no server should have written do not touch the others. */
async function checkBadRows(bed: ClusterBed): Promise<void> {
  const collector = await agreed(bed, takeoverMs);
  const nowMs = Date.now();
  const hostnames = [
    '',
    bed.nodes[0]?.hostname ?? '',
    '::1',
    'no-such-host.invalid',
    'http://a b/',
  ];
  const rows = hostnames.map(
    (hostname, at) =>
      `('bad${at}', 'mattermost_app', 'bed', '${hostname}', 8074, 8074, ${nowMs}, ${nowMs - 30_000})`,
  );
  await bed.postgres.sql(`INSERT INTO clusterdiscovery VALUES ${rows.join(', ')}`);
  try {
    const targets = await eventually('the rows are read', 2 * joinMs, async () => {
      const found = await targetsOf(collector);
      return found.some(({ instance }) => instance.startsWith('[::1]')) ? found : undefined;
    });
    const told = targets.map(({ url, state }) => `${url} ${state}`);
    console.log(`# ${told.join(', ')}`);
    same(new Set(told).size, told.length, 'targets that are there once');
    for (const node of bed.nodes) {
      const own = targets.find(({ instance }) => instance === instanceOf(node));
      same(own?.state, 'up', instanceOf(node));
    }
    const problems = (await collector.status())?.problems.map(({ code }) => code) ?? [];
    console.log(`# problems: ${problems.join(', ')}`);
    holds(problems.length > 0, 'the status tells no problem');
  } finally {
    await bed.postgres.sql("DELETE FROM clusterdiscovery WHERE id LIKE 'bad%'");
  }
}

async function checkMaker(bed: ClusterBed): Promise<void> {
  const collector = await agreed(bed, takeoverMs);
  const maker = bed.nodes.find((node) => node !== collector);
  holds(maker !== undefined, 'no listener');
  const { id } = await orderDump(maker, { from: Date.now() - 60_000, to: Date.now() });
  const killedMs = Date.now();
  await maker.killHost();
  const { state } = await ask<Dump>(collector, `/dumps/${id}`);
  await dumpReady(collector, id);
  console.log(
    `# the dump was ${state} when its node was dead, ready ${Date.now() - killedMs} ms later`,
  );
  await maker.start();
  await maker.activate();
}

/** What the file store has is not lost with the collector's disk; in the long run, at most 5 minutes are. */
async function checkDiskLost(bed: ClusterBed): Promise<void> {
  const fromMs = Date.now();
  const lost = await agreed(bed, takeoverMs);
  const listener = bed.nodes.find((node) => node !== lost);
  holds(listener !== undefined, 'no listener');
  if (isSoak) await wait(2 * maxLostMs + 60_000);
  // A dump on a listener makes the collector write a snapshot of its head.
  else await dumpOn(bed, listener, fromMs - 10_000);
  const snapshotMs = Date.now();
  await wait(isSoak ? 0 : 5 * intervalMs);
  const killedMs = Date.now();
  await lost.killHost();
  await lost.loseDisk();
  const next = await agreed(bed, 2 * takeoverMs);
  const dump = await dumpOn(bed, next, fromMs - 10_000);
  const missing = bed.nodes.flatMap((node) => missingIn(dump, node, fromMs, killedMs));
  const firstMs = Math.min(killedMs, ...missing.map(({ atMs }) => atMs));
  console.log(`# ${missing.length} scrapes of the last ${killedMs - firstMs} ms are lost`);
  const allowedMs = isSoak ? maxLostMs : killedMs - snapshotMs + 2 * inFlightMs;
  holds(killedMs - firstMs <= allowedMs, `more than ${allowedMs} ms`);
  await lost.start();
  await lost.activate();
  await agreed(bed, takeoverMs);
}
