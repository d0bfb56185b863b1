import { expect, test } from '@jest/globals';
import type { SampleStore } from '../collect/index.ts';
import { withDiskRelief } from './disk-relief.ts';

test('a commit that meets a full disk asks for room, and any other does not', async () => {
  let failure: Error | undefined;
  let relieved = 0;
  const counts = { samples: 1 };
  const commit = () => (failure === undefined ? Promise.resolve(counts) : Promise.reject(failure));
  const store = withDiskRelief({ commit } as unknown as SampleStore, () => relieved++);
  // What is in it is of no interest here.
  const commitBatch = () => store.commit(undefined as never);
  expect(await commitBatch()).toBe(counts);
  failure = Object.assign(new Error('no permission'), { code: 'TSDB_IO' });
  await expect(commitBatch()).rejects.toBe(failure);
  expect(relieved).toBe(0);
  failure = Object.assign(new Error('no space'), { code: 'TSDB_DISK_FULL' });
  await expect(commitBatch()).rejects.toBe(failure);
  expect(relieved).toBe(1);
});
