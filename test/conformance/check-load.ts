import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { privateMemoryMb } from '../bench/measure.ts';
import { admin, holds } from './bed.ts';
import { within, type Checks } from './checks.ts';
import type { GoHost } from './go-host.ts';

const downloads = 64;
const downloadBytes = 100_000_000;
/** How long they run; none comes near its end. */
const loadMs = 4000;
/** What they may cost: half a megabyte each in flight, and as much that waits to be collected. */
const maxGrowthMb = 110;
/**
 * What may stay of it: the C library keeps freed pieces for the next time, between what is still in
 * use. How much of them one turn gives back differs by 30 MB, so it is the third that must add next to nothing
 * to the most that one before it has left.
 */
const maxKeptMb = 75;
const maxFurtherMb = 20;

interface Seen {
  running: number;
  pid: number;
}

/** Many large downloads at once by readers that pause: memory is bounded, and all of it ends with them. */
export async function checkLoad(checks: Checks, host: GoHost): Promise<void> {
  const seen = async () => (await (await host.request('/seen', admin)).json()) as Seen;
  /** Private memory after the garbage has been collected. */
  const keptMb = async () => {
    for (let turn = 0; turn < 3; turn++) {
      await (await host.request('/memory', admin)).arrayBuffer();
      await wait(300);
    }
    return privateMemoryMb((await seen()).pid);
  };
  const load = async (before: number) => {
    const { pid } = await seen();
    const requests = Array.from({ length: downloads }, () => downloadSlowly(host));
    let most = before;
    for (let ms = 0; ms < loadMs; ms += 200) {
      await wait(200);
      most = Math.max(most, await privateMemoryMb(pid));
    }
    const { running } = await seen();
    for (const request of requests) request.destroy();
    console.log(`# ${before.toFixed(0)} MB before, at most ${most.toFixed(0)} MB`);
    holds(running === downloads + 1, `${running - 1} downloads ran`);
    holds(most - before < maxGrowthMb, `${(most - before).toFixed(0)} MB more`);
  };
  const before = await keptMb();
  await checks.check(`${downloads} slow downloads stay within ${maxGrowthMb} MB`, () =>
    load(before),
  );
  await checks.check('all of them end within a second after their readers', async (isAgain) => {
    if (isAgain) await load(before);
    await within('no download runs', 1000, async () =>
      (await seen()).running === 1 ? true : undefined,
    );
  });
  const kept = [await keptMb()];
  await checks.check('what stays in the process is bounded, and becomes no more', async () => {
    for (const _ of [2, 3]) {
      await load(before);
      kept.push(await keptMb());
    }
    const told = kept.map((mb) => mb.toFixed(0)).join(', ');
    console.log(`# ${before.toFixed(0)} MB before, ${told} MB after each time`);
    for (const mb of kept) holds(mb - before < maxKeptMb, `${(mb - before).toFixed(0)} MB stay`);
    const more = kept.at(-1)! - Math.max(...kept.slice(0, -1));
    holds(more < maxFurtherMb, `${more.toFixed(0)} MB more`);
  });
}

/** Reads 200 kB, pauses, and goes on. */
function downloadSlowly(host: GoHost): ClientRequest {
  const headers = { 'x-test-user': admin };
  const url = `${host.pluginUrl}/download?size=${downloadBytes}`;
  const request = httpRequest(url, { agent: false, headers }, (response: IncomingMessage) => {
    let unread = 0;
    response.on('error', () => undefined);
    response.on('data', (chunk: Buffer) => {
      unread += chunk.length;
      if (unread < 200_000) return;
      unread = 0;
      response.pause();
      setTimeout(() => response.resume(), 300);
    });
  });
  request.on('error', () => undefined);
  request.end();
  return request;
}
