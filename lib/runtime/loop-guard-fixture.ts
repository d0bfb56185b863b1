import { openSync, readSync } from 'node:fs';
import { LoopGuard } from './loop-guard.ts';

/** Process of the guard's tests: beats for a while and does then what its argument says. */
const guard = new LoopGuard({
  beatMs: 50,
  warnBeats: 3,
  endBeats: 8,
  warning: '{"at":"{time}","is":"slow","ms":{milliseconds}}\n',
  ending: '{"at":"{time}","is":"dead","ms":{milliseconds},"where":"{stack}"}\n',
  onFailure(error) {
    throw error;
  },
});
const timer = setInterval(() => guard.beat(), 25);

function spinFor(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

const acts: Record<string, () => unknown> = {
  spin: function hangHere() {
    for (;;);
  },
  /** Longer than the warning takes, shorter than the end. */
  pause() {
    spinFor(250);
    setTimeout(() => process.exit(0), 100);
  },
  wait: () => readSync(openSync(process.argv[3] ?? '', 'r'), Buffer.alloc(1)),
  async stop() {
    clearInterval(timer);
    await guard.stop();
    setTimeout(() => process.exit(0), 600);
  },
  leave: () => process.exit(0),
};

setTimeout(() => acts[process.argv[2] ?? '']?.(), 300);
