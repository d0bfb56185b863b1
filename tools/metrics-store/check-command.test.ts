import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { gapLine, headerLine } from '../../server/collect/gaps/gap-record.ts';
import { ran, withDir } from './run-fixture.ts';

const vectors = `${import.meta.dirname}/../../test/vectors`;
const main = `${import.meta.dirname}/main.ts`;
const ulid = '01M7W6S83T2VVMV8J1QZG9HRD8';

const gap = (change = {}) =>
  gapLine({
    ...{ id: 1, job: 'j', instance: 'i', fromMs: 1000, toMs: 2000, reason: 'SCRAPE_REFUSED' },
    ...{ message: 'Nothing listens.', missed: 2, merged: 1, ...change },
  });

/** A data directory with blocks, a WAL and a gap ledger. */
function fillStore(dir: string): void {
  cpSync(`${vectors}/tsdb`, dir, { recursive: true });
  for (const name of ['dump.txt', 'samples.om', 'README.md']) rmSync(join(dir, name));
  mkdirSync(join(dir, 'wal'));
  cpSync(`${vectors}/tsdb-wal/00000000`, join(dir, 'wal', '00000000'));
  writeFileSync(join(dir, 'gaps.jsonl'), headerLine() + gap());
}

/** An unpacked dump with its manifest. */
function fillDump(
  dir: string,
  change: (manifest: Record<string, unknown>) => void = () => undefined,
) {
  cpSync(`${vectors}/tsdb/${ulid}`, join(dir, ulid), { recursive: true });
  mkdirSync(join(dir, 'wal'));
  writeFileSync(join(dir, 'metadata.yaml'), 'version: 1\n');
  const files = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const bytes = readFileSync(file);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      return { path: relative(dir, file), sizeBytes: bytes.length, sha256 };
    });
  const gaps = [
    {
      ...{ job: 'j', instance: 'i', fromMs: 1000, toMs: null, reason: 'SCRAPE_REFUSED' },
      ...{ message: 'Nothing \u001b[31mlistens.', missedScrapes: 3 },
    },
  ];
  const manifest = { format: 'mattermost-metrics-dump', files, gaps };
  change(manifest);
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify(manifest));
}

/** Findings of a directory without the counts. */
const lines = (dir: string) => ran('check', dir).out.split('\n').slice(0, -4);

describe('metrics-store check', () => {
  test('is content with a right directory, and tells what it has seen', () => {
    withDir((dir) => {
      fillStore(dir);
      expect(ran('check', dir)).toEqual({
        code: 0,
        err: '',
        out:
          '2 blocks: 6 series, 6 chunks, 132 samples\n' +
          'WAL: 1 segment, 8 records, 49 samples\n' +
          '0 errors, 0 warnings, 0 notes\n',
      });
      expect(ran('check', join(dir, ulid)).code).toBe(0);
    });
  });

  test('lists findings with place, code and sentence, and exits with 1', () => {
    withDir((dir) => {
      fillStore(dir);
      const file = join(dir, 'wal', '00000000');
      writeFileSync(file, readFileSync(file).subarray(0, 400));
      const { code, out } = ran('check', dir);
      expect(code).toBe(1);
      expect(out).toMatch(/^error {4}wal\/00000000@380 {2}TSDB_WAL_TORN {2}segment ends inside/);
    });
  });

  test('prints one JSON document when asked', () => {
    withDir((dir) => {
      fillStore(dir);
      expect(JSON.parse(ran('check', '--json', dir).out)).toMatchObject({ findings: [] });
      writeFileSync(join(dir, 'x'), '');
      writeFileSync(join(dir, 'y'), '');
      const { findings, summary } = JSON.parse(ran('check', '--json', dir).out) as {
        findings: unknown[];
        summary: unknown;
      };
      expect(findings.length).toBe(2);
      expect(findings[0]).toMatchObject({
        severity: 'note',
        code: 'CHECK_UNKNOWN_FILE',
        path: 'x',
      });
      expect(summary).toMatchObject({ blocks: 2, errors: 0, notes: 2 });
    });
  });

  test('looks at the gap ledger line by line', () => {
    withDir((dir) => {
      fillStore(dir);
      const f = (text: string, ...want: string[]): void => {
        writeFileSync(join(dir, 'gaps.jsonl'), text);
        const found = lines(dir).map((line) => line.replace(/ {2,}/g, ' '));
        expect([text, found]).toEqual([text, want.map((line) => expect.stringContaining(line))]);
      };
      f('');
      f(`${headerLine()}${gap()}${gap({ toMs: null })}{"kind":"alive","at":1,"targets":[]}\n`);
      f(gap(), 'error gaps.jsonl@0 CHECK_LEDGER does not begin with its version');
      f(headerLine() + gap().slice(0, -9), 'warning gaps.jsonl@34 CHECK_LEDGER the last line');
      f(`${headerLine()}what\n${gap()}`, 'error gaps.jsonl@34 CHECK_LEDGER a line that is not');
      f(headerLine() + gap({ toMs: 5 }), 'error gaps.jsonl@34 CHECK_LEDGER gap 1 ends before');
      f(headerLine() + headerLine(), 'error gaps.jsonl@34 CHECK_LEDGER names its version');
      rmSync(join(dir, 'gaps.jsonl'));
      execFileSync('mkfifo', [join(dir, 'gaps.jsonl')]);
      expect(lines(dir)).toEqual([expect.stringContaining('CHECK_NOT_A_FILE')]);
    });
  });

  test('looks at what else a data directory holds', () => {
    withDir((dir) => {
      fillStore(dir);
      writeFileSync(join(dir, 'metric-metadata.json'), '{}');
      expect(lines(dir)).toEqual([]);
      writeFileSync(join(dir, 'metric-metadata.json'), '{');
      writeFileSync(join(dir, 'gaps.jsonl.tmp'), '');
      mkdirSync(join(dir, 'dump-work'));
      mkdirSync(join(dir, 'file-store'));
      expect(lines(dir).map((line) => line.split(/ {2,}/).slice(0, 3).join(' '))).toEqual([
        'note dump-work CHECK_LEFTOVER',
        'note file-store CHECK_SKIPPED',
        'warning gaps.jsonl.tmp CHECK_LEFTOVER',
        'error metric-metadata.json CHECK_METADATA',
      ]);
    });
  });

  test('compares a dump with its manifest', () => {
    const f = (change: (dir: string) => void, ...want: string[]): void => {
      withDir((dir) => {
        fillDump(dir);
        change(dir);
        const found = lines(dir).map((line) => line.replace(/ {2,}/g, ' '));
        expect(found).toEqual(want.map((line) => expect.stringContaining(line)));
      });
    };
    f(() => undefined);
    f(
      (dir) => writeFileSync(join(dir, 'metadata.yaml'), 'version: 2\n'),
      'error metadata.yaml CHECK_MANIFEST is not what was packed',
    );
    f(
      (dir) => writeFileSync(join(dir, 'metadata.yaml'), ''),
      'error metadata.yaml CHECK_MANIFEST has 0 bytes, 11 were packed',
    );
    f((dir) => rmSync(join(dir, 'metadata.yaml')), 'error metadata.yaml CHECK_MISSING');
    f(
      (dir) => {
        renameSync(join(dir, 'metadata.yaml'), join(dir, 'README.md'));
        symlinkSync('README.md', join(dir, 'metadata.yaml'));
      },
      ...['error metadata.yaml CHECK_MISSING', 'warning README.md CHECK_MANIFEST is not in'],
    );
    f(
      (dir) => writeFileSync(join(dir, ulid, 'x'), ''),
      'CHECK_UNKNOWN_FILE',
      `warning ${ulid}/x CHECK_MANIFEST is not in the manifest`,
    );
    f((dir) => writeFileSync(join(dir, 'manifest.json'), '{}'), 'CHECK_MANIFEST manifest.json is');
    f((dir) => writeFileSync(join(dir, 'manifest.json'), '{'), 'CHECK_MANIFEST manifest.json is');
  });

  test('never leaves the dump, whatever its manifest says', () => {
    for (const path of ['../x', '/etc/passwd', 'a/../../x', '', 'a//b', './a', 'a\u0000']) {
      withDir((dir) => {
        fillDump(dir, ({ files }) => {
          (files as unknown[]).push({ path, sizeBytes: 1, sha256: '' });
        });
        expect(lines(dir)).toEqual([expect.stringContaining('no place inside the dump')]);
      });
    }
  });

  test('runs as a program of its own', () => {
    const run = (...args: string[]) =>
      execFileSync(process.execPath, [main, ...args], { encoding: 'utf8', stdio: 'pipe' });
    expect(run('check', `${vectors}/tsdb/${ulid}`)).toContain('0 errors, 0 warnings, 0 notes');
    expect(() => run('check')).toThrow(expect.objectContaining({ status: 2 }));
  });
});

describe('metrics-store inspect', () => {
  test('shows blocks oldest first', () => {
    withDir((dir) => {
      fillStore(dir);
      const { code, out } = ran('inspect', dir);
      expect(code).toBe(0);
      expect(out.split('\n').map((line) => line.replace(/ {2,}/g, ' '))).toEqual([
        'ULID FROM TO SAMPLES SERIES SIZE LEVEL SOURCES',
        `${ulid} 2023-11-14T23:20:00.000Z 2023-11-14T23:59:00.001Z 102 4 1.6 KiB 1 itself`,
        '01M7W6S8470ATQAJRFQHXCTT05 2023-11-15T00:00:00.000Z 2023-11-15T00:19:00.001Z 30 2 1.1 KiB 1 itself',
        '',
      ]);
      const only = ran('inspect', dir, '--json', '--block', ulid).out;
      expect(JSON.parse(only)).toMatchObject({ ulid, numSamples: 102, sources: [ulid] });
      expect(ran('inspect', dir, '--from', '2023-11-15', '--json').out.split('\n').length).toBe(2);
      const until = (to: string) =>
        ran('inspect', dir, '--to', to, '--json').out.split('\n').length;
      expect([until('2023-11-15'), until('2023-11-15T00:00:00.001Z')]).toEqual([2, 3]);
      expect(ran('inspect', dir, '--block', '01HE949VD3YTRWF8GXT2TC97KJ').code).toBe(2);
    });
  });

  test('shows the samples that promtool shows', () => {
    const dump = readFileSync(`${vectors}/tsdb/dump.txt`, 'utf8').trim().split('\n');
    const ours = ran('inspect', `${vectors}/tsdb`, 'samples', '--limit', '0', '--json').out;
    const shown = ours
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { timeMs: number; value: string });
    expect(shown.length).toBe(dump.length);
    const times = (all: number[]) => all.sort((a, b) => a - b);
    expect(times(shown.map(({ timeMs }) => timeMs))).toEqual(
      times(dump.map((line) => Number(line.split(' ').at(-1)))),
    );
  });

  test('chooses series, times and so many lines', () => {
    const dir = `${vectors}/tsdb`;
    const count = (...args: string[]) => ran('inspect', dir, ...args).out.split('\n').length - 1;
    expect(count('series')).toBe(6);
    expect(count('series', 'alpha_total')).toBe(3);
    expect(count('series', '{instance="host-1:9100"}')).toBe(1);
    expect(count('chunks', '{instance="host-1:9100"}')).toBe(1);
    expect(count('samples', '{instance="host-1:9100"}')).toBe(21);
    expect(count('samples', '--from', '2023-11-15T00:00:00Z', '--to', '2023-11-15T00:00:01Z')).toBe(
      2,
    );
    expect(count('labels')).toBe(10);
    expect(count('labels', 'unit', '--block', ulid)).toBe(2);
    const limited = ran('inspect', dir, 'samples', '--limit', '3');
    expect(limited.out.split('\n').length).toBe(4);
    expect(limited.err).toContain('only the first 3 are shown');
    expect(ran('inspect', dir, 'series', '--limit', '6').err).toBe('');
  });

  test('shows records of the WAL, and what cannot be read', () => {
    withDir((dir) => {
      fillStore(dir);
      const whole = ran('inspect', dir, 'wal');
      expect([whole.code, whole.out.split('\n').length]).toEqual([0, 9]);
      expect(whole.out).toMatch(/^00000000@0 {2}373 B {2}7 series {2}1=c\{a="é😀"/);
      const file = join(dir, 'wal', '00000000');
      writeFileSync(file, readFileSync(file).subarray(0, 400));
      const torn = ran('inspect', dir, 'wal', '--json');
      expect([torn.code, torn.out.split('\n').length]).toEqual([1, 2]);
      expect(torn.err).toContain('00000000@380: segment ends inside');
      expect(ran('inspect', join(dir, ulid), 'wal').code).toBe(1);
    });
  });

  test('shows gaps of a ledger and of a dump, without what could fool a terminal', () => {
    withDir((dir) => {
      fillStore(dir);
      expect(ran('inspect', dir, 'gaps').out).toBe(
        '1970-01-01T00:00:01.000Z  1970-01-01T00:00:02.000Z  j i  2 missed  SCRAPE_REFUSED  Nothing listens.\n',
      );
      expect(ran('inspect', dir, 'gaps', '--from', '2000').out).toBe('');
      rmSync(join(dir, 'gaps.jsonl'));
      expect(ran('inspect', dir, 'gaps').code).toBe(2);
    });
    withDir((dir) => {
      fillDump(dir);
      expect(ran('inspect', dir, 'gaps').out).toContain('lasts  j i  3 missed');
      expect(ran('inspect', dir, 'gaps').out).toContain('Nothing \\u{1b}[31mlistens.');
    });
  });

  test('goes on behind a block that is damaged', () => {
    withDir((dir) => {
      fillStore(dir);
      const chunks = join(dir, ulid, 'chunks', '000001');
      const bytes = readFileSync(chunks);
      bytes[30]! ^= 1;
      writeFileSync(chunks, bytes);
      const some = ran('inspect', dir, 'samples', '--limit', '0');
      expect([some.code, some.out.split('\n').length]).toEqual([1, 132 - 40 + 1]);
      expect(some.err).toContain(`${ulid}: chunk checksum differs`);
      expect(ran('inspect', dir, 'chunks').code).toBe(1);
      writeFileSync(join(dir, ulid, 'index'), 'x');
      expect(ran('inspect', dir, 'series').out.split('\n').length).toBe(3);
      expect(ran('inspect', dir, 'labels')).toMatchObject({ code: 1 });
      rmSync(join(dir, ulid, 'index'));
      execFileSync('mkfifo', [join(dir, ulid, 'index')]);
      expect(ran('inspect', dir).err).toContain('index is not a regular file');
    });
  });
});
