import { existsSync, openSync, readSync } from 'node:fs';
import { LoopGuard } from './loop-guard.ts';

const [act = '', path = ''] = process.argv.slice(2);

/** What a guard waits for at most while the machine is busy with others. */
const patienceMs = 60_000;
const beatMs = 50;
/** A process that waits for its turn is without beats for a while; it must not count as one that hangs. */
const endBeats = 20;

/** Process of the guard's tests: beats for a while and does then what its argument says. */
const guard = new LoopGuard({
  beatMs,
  warnBeats: endBeats / 2,
  endBeats: act === 'pause' ? patienceMs / beatMs : endBeats,
  // Who spins has a stack, however long it takes to get at it; who waits in the system never has.
  stackMs: act === 'wait' ? 300 : patienceMs,
  warning: '{"at":"{time}","is":"slow","ms":{milliseconds}}\n',
  ending: '{"at":"{time}","is":"dead","ms":{milliseconds},"where":"{stack}"}\n',
  onFailure(error) {
    throw error;
  },
});
const timer = setInterval(() => guard.beat(), beatMs / 2);

const acts: Record<string, () => unknown> = {
  spin: function hangHere() {
    for (;;);
  },
  /** Stands still until somebody has read the warning. */
  pause() {
    while (!existsSync(path));
    setTimeout(() => process.exit(0), 2 * beatMs);
  },
  wait: () => readSync(openSync(path, 'r'), Buffer.alloc(1)),
  async stop() {
    clearInterval(timer);
    await guard.stop();
    setTimeout(() => process.exit(0), 1.5 * endBeats * beatMs);
  },
  leave: () => process.exit(0),
};

setTimeout(() => acts[act]?.(), 2 * beatMs);
