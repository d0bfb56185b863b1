import { expect, test } from '@jest/globals';
import { inEnglish, say, toldAs, type Dump } from '../../../api/index.ts';
import { decodeRecord, encodeRecord, toldWarnings, type JobRecord } from './job-record.ts';
import { maxRecordBytes } from '../limits.ts';

const id = 'abcdefghijklmnopqrstuvwx23';

const dump: Dump = {
  id,
  state: 'failed',
  createdAtMs: 1,
  startedAtMs: 2,
  finishedAtMs: 3,
  expiresAtMs: null,
  createdBy: 'user',
  node: 'node-a',
  redaction: 'hosts-and-ids',
  stepSeconds: 300,
  requested: { fromMs: 10, toMs: 20 },
  filter: { nodes: ['app1'], jobs: [], metrics: ['go_*'] },
  actual: { fromMs: 11, toMs: 19 },
  progress: { percent: 50, phase: 'packing' },
  samples: 4,
  series: 5,
  sizeBytes: 6,
  fileName: 'name.tar.gz',
  sha256: 'ff',
  warnings: ['one'],
  error: { code: 'DUMP_FAILED', message: 'sentence', detail: 'cause' },
};

const record: JobRecord = {
  dump,
  owner: 'o',
  attempt: 2,
  isCancelRequested: true,
  revision: 9,
};

test('comes back as it was', () => {
  expect(decodeRecord(encodeRecord(record), id)).toEqual(record);
});

test('is told for other languages, too, where it is of a version that does so', () => {
  const told = toldWarnings([say('note.block-left', { ulid: 'U' }), say('note.go-plugin')]);
  const error = { code: 'DUMP_FAILED', ...toldAs(say('dump.failed')), detail: '' };
  const newer = { ...record, dump: { ...dump, ...told, error } };
  expect(decodeRecord(encodeRecord(newer), id)).toEqual(newer);
  // One sentence that is none, and nobody could tell which warning is which.
  const odd = { ...dump, ...told, warningSentences: [{ id: 'x', values: {} }, { id: 7 }] };
  const bytes = new TextEncoder().encode(JSON.stringify({ ...record, dump: odd }));
  const back = decodeRecord(bytes, id)?.dump;
  expect([back?.warnings, back?.warningSentences]).toEqual([told.warnings, undefined]);
});

test('has as many sentences as warnings when it had too many', () => {
  const notes = Array.from({ length: 90 }, (_, at) =>
    say('note.half-block', { ulid: String(at), reason: '€'.repeat(300) }),
  );
  const bytes = encodeRecord({ ...record, dump: { ...dump, ...toldWarnings(notes) } });
  expect(bytes.length).toBeLessThanOrEqual(maxRecordBytes);
  const { warnings = [], warningSentences } = decodeRecord(bytes, id)?.dump ?? {};
  expect(warningSentences).toHaveLength(warnings.length);
  expect(warningSentences?.at(-1)).toEqual(say('note.more', { noteCount: 91 - warnings.length }));
  expect(inEnglish(warningSentences?.at(-1) ?? say('note.go-plugin'))).toBe(warnings.at(-1));
});

test('is of the node that it names, where no owner is told', () => {
  const bytes = encodeRecord({ ...record, owner: '' });
  expect(decodeRecord(bytes, id)?.owner).toBe('node-a');
});

test('stays below its limit by cutting texts, never facts', () => {
  const warnings = Array.from({ length: 500 }, (_, at) => `${String(at)} ${'ä😀'.repeat(200)}`);
  const error = { code: 'X', message: 'm'.repeat(9000), detail: '€'.repeat(90_000) };
  const bytes = encodeRecord({ ...record, dump: { ...dump, warnings, error } });
  expect(bytes.length).toBeLessThanOrEqual(maxRecordBytes);
  const back = decodeRecord(bytes, id)?.dump;
  expect(back).toMatchObject({ sizeBytes: 6, error: { code: 'X' } });
  expect(back?.warnings.at(-1)).toMatch(/^\d+ more warnings\.$/);
});

test('is not taken for one when it is damaged or another job', () => {
  const text = new TextDecoder().decode(encodeRecord(record));
  const want = (bytes: string) => {
    expect(decodeRecord(new TextEncoder().encode(bytes), id)).toBeUndefined();
  };
  for (let end = 0; end < text.length; end++) want(text.slice(0, end));
  want(text.replace(id, 'b'.repeat(26)));
  want(text.replace('"failed"', '"unknown"'));
  want('null');
  want('[]');
  want('{"dump":null}');
});
