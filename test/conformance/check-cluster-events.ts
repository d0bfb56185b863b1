import { setTimeout as wait } from 'node:timers/promises';
import { holds, same } from './bed.ts';
import { agreed, readLease } from './check-cluster-lease.ts';
import { eventually, figure, type Checks } from './checks.ts';
import type { ClusterBed } from './cluster-bed.ts';

const takeoverMs = 20_000;
/** A follower reads the lease so often, the jitter and the pause before it takes a free one included. */
const pollMs = 3500;
/** What a busy machine adds. */
const graceMs = 4000;
const hugeBytes = 1_000_000;

/** Events between nodes are a help, nothing rests on them. */
export async function checkClusterEvents(checks: Checks, bed: ClusterBed): Promise<void> {
  await checks.check('forged, torn and huge events change nothing', () => checkForged(bed));
  await checks.check('without any event the lease is handed over with the next poll', () =>
    checkLost(bed),
  );
}

async function checkForged(bed: ClusterBed): Promise<void> {
  const collector = await agreed(bed, takeoverMs);
  const before = await readLease(bed);
  const genuine = bed.bus.messages.at(-1);
  holds(genuine !== undefined, 'the plugins have sent no event');
  const envelope = JSON.parse(Buffer.from(genuine.data, 'base64').toString()) as object;
  const kinds = ['lead.free', 'lead.hello', 'head.flush', 'state.get', 'reply', 'no.such.kind'];
  const forged = kinds.flatMap((k) => [
    { ...envelope, k, epoch: before.e + 1_000_000 },
    { ...envelope, k, epoch: -1, from: 'x'.repeat(26) },
    { ...envelope, k, v: 99 },
    { ...envelope, k, body: null, rid: {}, to: 7 },
  ]);
  const texts = [...forged.map((value) => JSON.stringify(value)), '', '{', 'null', '[1]', '"x"'];
  const bodies = [...texts.map((text) => Buffer.from(text)), Buffer.alloc(hugeBytes, '{')];
  for (const body of bodies) {
    for (const { clusterId } of bed.nodes) {
      const data = body.toString('base64');
      bed.bus.send({ ...genuine, from: 'forger', targetId: clusterId, data });
    }
  }
  await wait(2000);
  same(await agreed(bed, takeoverMs), collector, 'who collects');
  const after = await readLease(bed);
  same(`${after.st} ${after.e}`, `held ${before.e}`, 'the lease');
}

async function checkLost(bed: ClusterBed): Promise<void> {
  const collector = await agreed(bed, takeoverMs);
  bed.bus.fault = () => false;
  let tookMs = Infinity;
  try {
    const startedMs = Date.now();
    const ended = collector.deactivate();
    const next = await eventually('another node collects', takeoverMs, async () =>
      (await bed.collectors()).find((node) => node !== collector),
    );
    tookMs = Date.now() - startedMs;
    console.log(`# ${next.hostname} collects ${tookMs} ms after the other one was disabled`);
    await ended;
  } finally {
    bed.bus.fault = () => true;
  }
  await collector.activate();
  await agreed(bed, takeoverMs);
  figure('another node collects', tookMs, pollMs + graceMs);
}
