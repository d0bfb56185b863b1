import { bitsOf, put, seriesOf, type Model } from '../model-fixture.ts';
import { writeBlock } from './index.ts';

// Run as a program: writes a block and dies at the given call of checkCancelled, as if killed.
const [parentDir = '', ulid = '', dieAt = '0'] = process.argv.slice(2);
const model: Model = new Map();
for (let series = 0; series < 4; series++) {
  for (let at = 0; at < 300; at++) put(model, ['i', String(series)], at * 1000, bitsOf(at));
}
let left = Number(dieAt);
writeBlock({
  parentDir,
  ulid,
  series: seriesOf(model),
  segmentBytes: 500,
  checkCancelled: () => {
    if (left-- === 0) process.kill(process.pid, 'SIGKILL');
  },
});
