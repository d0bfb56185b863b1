import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

/** Share of the time in which somebody may wait for a processor on a machine that counts as calm. */
const calmShare = 0.2;

/** How long the share is measured, and how long a machine is given to calm down. */
const lookMs = 1000;
const patienceMs = 60_000;

/** Waits until the machine has little else to do, a minute at most; gives what there is to say of it. */
export async function untilCalm(): Promise<string> {
  const startedMs = performance.now();
  for (;;) {
    const share = await crowding();
    if (share === undefined) return 'how busy the machine is cannot be told';
    const waitedMs = performance.now() - startedMs;
    const told = `somebody waits for a processor ${(share * 100).toFixed(0)} % of the time`;
    if (share <= calmShare || waitedMs > patienceMs) {
      return `${told} after ${(waitedMs / 1000).toFixed(0)} s`;
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
