export { AssertionError, assert } from './assert.ts';
export { BufferSweep } from './buffer-sweep.ts';
export { BufferTrail } from './buffer-trail.ts';
export { sleep, systemClock, type Clock, type Timer } from './clock.ts';
export { makeDurable, replaceFile } from './durable-file.ts';
export { endsWithin } from './ends-within.ts';
export { ThreadError } from './errors.ts';
export { FakeClock } from './fake-clock.ts';
export { LoopGuard, type LoopGuardOptions } from './loop-guard.ts';
export { silentLogger, type LogFields, type LogValue, type Logger } from './logger.ts';
export { makeDirectory } from './make-directory.ts';
export { OnDemandThread, type OnDemandThreadOptions } from './on-demand-thread.ts';
export { SliceMonitor } from './slice-monitor.ts';
export { seededRng, systemRng, type Rng } from './rng.ts';
export { Rounds, type Round } from './rounds.ts';
export {
  Thread,
  serveThread,
  type ThreadCall,
  type ThreadContext,
  type ThreadEntry,
  type ThreadHandlers,
} from './thread.ts';
export { asError, codeOf, errorText, isDiskFull } from './thrown.ts';
