import { serveThread } from './thread.ts';

/** Worker of the thread tests: echoes, moves buffers, fails, spins until cancelled, crashes. */
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
  spin(_payload: unknown, context) {
    for (;;) context.checkCancelled();
  },
  crash() {
    process.exit(3);
  },
});
