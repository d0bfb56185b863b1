import { expect, test } from '@jest/globals';
import type { WalRepair } from '../../lib/tsdb/index.ts';
import { storeProblem } from './store-problems.ts';

const where = { segment: '00000003', offset: 120, bytes: 4096 };

test.each([
  [
    { kind: 'torn', ...where },
    /ended inside a record: 4 KiB of segment 00000003 at offset 120 were/,
  ],
  [{ kind: 'cut', ...where, reason: 'checksum' }, /at offset 120 \(checksum\): 4 KiB were dropped/],
  [
    { kind: 'moved', ...where, reason: 'checksum', segments: 2, aside: '/d/wal.corrupt-1' },
    /4 KiB and 2 segments, was moved to \/d\/wal\.corrupt-1\.$/,
  ],
  [{ kind: 'hole', path: 'wal/00000002' }, /are missing before wal\/00000002\.$/],
  [{ kind: 'nameless', samples: 1 }, /^1 sample of the log/],
] satisfies [WalRepair, RegExp][])('says what a log has lost: %j', (repair, message) => {
  const problem = storeProblem({ code: 'TSDB_WAL_REPAIRED', message: 'of the store', repair });
  expect(problem).toMatchObject({ severity: 'warning', code: 'TSDB_WAL_REPAIRED' });
  expect(problem.message).toMatch(message);
  expect(problem.advice).toMatch(/^Nothing has to be done/);
});

test('says whose a compressed log is, and where it lies', () => {
  const repair = { kind: 'foreign', segment: '00000000', segments: 0, aside: '/d/a' } as const;
  const problem = storeProblem({ code: 'TSDB_WAL_COMPRESSED', message: '', repair });
  expect(problem.message).toMatch(/segment 00000000 and 0 behind it are in \/d\/a\.$/);
});

test('tells a reason in the words of whoever failed, and knows what loses samples', () => {
  const full = storeProblem({ code: 'TSDB_DISK_FULL', message: 'no space' });
  expect(full).toMatchObject({ severity: 'error' });
  const bad = { code: 'TSDB_BAD_BLOCK', message: 'm', block: 'B', reason: 'EIO' };
  expect(storeProblem(bad).message).toBe('Block B cannot be read and is left out: EIO');
  const unknown = storeProblem({ code: 'TSDB_OF_TOMORROW', message: 'something else' });
  expect(unknown.message).toBe('The store has a problem: something else');
});
