import { describe, expect, test } from '@jest/globals';

import { parseCommandLine } from './command-line.ts';
import { ran } from './run-fixture.ts';

describe('the command line', () => {
  test('is understood', () => {
    const f = (line: string, want: Record<string, unknown>): void => {
      expect(parseCommandLine(line.split(' '))).toMatchObject(want);
    };
    f('check d', { kind: 'check', dir: 'd', asJson: false });
    f('check --json d', { kind: 'check', dir: 'd', asJson: true });
    f('inspect d', { kind: 'inspect', dir: 'd', subject: 'blocks', limit: 100 });
    f('inspect d samples up --limit 0', { subject: 'samples', limit: Infinity });
    f('inspect d labels job --json', { subject: 'labels', name: 'job', asJson: true });
    f('inspect d --from 2026-11-20T12:00:00Z', { fromMs: 1795176000000, toMs: Infinity });
    f('inspect d --from 2026-11-20T12:00:00', { fromMs: 1795176000000 });
    f('inspect d --to 2026-11-20T13:00:00+01:00', { toMs: 1795176000000 });
    f('inspect d --to 2026-11-20', { toMs: 1795132800000 });
    f('inspect d --from 5 --to=-7', { fromMs: 5, toMs: -7 });
    f('inspect d --block 01HE949VD3YTRWF8GXT2TC97KJ', { block: '01HE949VD3YTRWF8GXT2TC97KJ' });
    f('inspect --help', { kind: 'help' });
    f('check -h', { kind: 'help' });
    f('help', { kind: 'help' });
  });

  test('is refused with a sentence and exit code 2', () => {
    const f = (line: string, want: string): void => {
      const { code, err, out } = ran(...line.split(' ').filter((word) => word !== ''));
      expect([line, code, out]).toEqual([line, 2, '']);
      expect(err).toContain(want);
    };
    f('', 'say what to do');
    f('frobnicate d', 'unknown command: frobnicate');
    f('check', 'check needs a directory');
    f('check --all d', "Unknown option '--all'");
    f('check a b', 'unknown argument: b');
    f('check --json=yes d', "'--json' does not take an argument");
    f('inspect', 'inspect needs a directory');
    f('inspect d everything', 'cannot show everything');
    f('inspect d blocks x', 'unknown argument: x');
    f('inspect d wal x', 'unknown argument: x');
    f('inspect d series up more', 'unknown argument: more');
    f('inspect d series up{', 'cannot understand the selector');
    f('inspect d --limit', "--limit <value>' argument missing");
    f('inspect d --limit many', '--limit many is no number');
    f('inspect d --block b', '--block b is no ULID');
    f('inspect d --from yesterday', '--from yesterday is no time');
    f('check /nonexistent/directory', 'no such file or directory');
    f(`check ${import.meta.filename}`, 'is no directory');
  });

  test('explains itself', () => {
    expect(ran('help').out).toContain('metrics-store check DIR');
    expect(ran('help', 'check')).toMatchObject({ code: 0, err: '' });
    expect(ran('check', '--help').out).toBe(ran('help', 'check').out);
    expect(ran('inspect', '-h').out).toBe(ran('help', 'inspect').out);
  });
});
