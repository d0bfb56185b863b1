import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

/** Share of the time in which somebody may wait for a processor on a machine that counts as calm. */
const calmShare = 0.2;

/** How long the share is measured, and how long a machine is given to calm down. */
const lookMs = 1000;
const patienceMs = 60_000;

/** Whether the machine is busy with something else, and a text that says how we know. */
export interface Crowd {
  isThere: boolean;
  told: string;
}

/** Waits until the machine has little else to do, a minute at most. */
export async function untilCalm(): Promise<Crowd> {
  const startedMs = performance.now();
  for (;;) {
    const share = await crowding();
    if (share === undefined) {
      return { isThere: false, told: 'how busy the machine is cannot be told' };
    }
    const waitedMs = performance.now() - startedMs;
    const told = `somebody waits for a processor ${(share * 100).toFixed(0)} % of the time`;
    if (share <= calmShare || waitedMs > patienceMs) {
      const seconds = (waitedMs / 1000).toFixed(0);
      return { isThere: share > calmShare, told: `${told} after ${seconds} s` };
    }
  }
}

/** Undefined where the kernel does not count it. */
async function crowding(): Promise<number | undefined> {
  const before = await stalledMs();
  const startedMs = performance.now();
  await wait(lookMs);
  const after = await stalledMs();
  if (before === undefined || after === undefined) return undefined;
  return (after - before) / (performance.now() - startedMs);
}

/** How long, since the machine started, some process was ready and had no processor. */
async function stalledMs(): Promise<number | undefined> {
  const text = await readFile('/proc/pressure/cpu', 'utf8').catch(() => '');
  const [, total] = /^some .*total=(\d+)$/m.exec(text) ?? [];
  return total === undefined ? undefined : Number(total) / 1000;
}
