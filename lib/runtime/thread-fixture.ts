import { getHeapSpaceStatistics } from 'node:v8';
import { serveThread } from './thread.ts';

/** Worker of the thread tests: echoes, moves buffers, fails, spins until cancelled, makes objects, crashes. */
serveThread({
  echo: (payload: unknown) => payload,
  double(payload: { column: Float64Array<ArrayBuffer> }, context) {
    const result = payload.column.map((value) => value * 2);
    context.progress(50);
    context.transfer(result.buffer);
    return result;
  },
  fail() {
    throw Object.assign(new Error('no space'), { code: 'TSDB_DISK_FULL', details: { free: 0 } });
  },
  failOddly() {
    throw Object.assign(new Error('no clone'), { code: 'ODD', details: { ask: () => 0 } });
  },
  spin(_payload: unknown, context) {
    for (;;) context.checkCancelled();
  },
  /** Makes many objects, some of which last; returns the bytes of the space that it makes them in. */
  churn() {
    const lasting: object[] = [];
    for (let at = 0; at < 1_000_000; at++) lasting[at % 20_000] = { at, list: [at] };
    return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')
      ?.space_size;
  },
  crash() {
    process.exit(3);
  },
});
