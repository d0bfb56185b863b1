import { expect, test } from '@jest/globals';
import { StderrReader, type HostLogLine } from './log-lines.ts';

function read(text: string, cut = text.length): { lines: HostLogLine[]; violations: string[] } {
  const lines: HostLogLine[] = [];
  const violations: string[] = [];
  const reader = new StderrReader(
    (line) => lines.push(line),
    (violation) => violations.push(violation),
  );
  reader.push(Buffer.from(text.slice(0, cut)));
  reader.push(Buffer.from(text.slice(cut)));
  reader.end();
  return { lines, violations };
}

function reads(line: string, level: string, message: string, fields = {}): void {
  expect(read(line).lines).toEqual([{ level, message, source: 'stderr', fields }]);
}

test('reads JSON lines by their fields', () => {
  reads('{"@level":"warn","@message":"m","a":1}\n', 'warn', 'm', { a: 1 });
  reads('{"@level":"TRACE","@message":"m"}', 'debug', 'm');
  reads('{"@level":"info","@timestamp":"2026-11-20T10:00:00.123456Z"}', 'info', '');
  reads('{"@level":"fatal","@message":"m"}', 'debug', '{"@level":"fatal","@message":"m"}');
  const badTime = '{"@level":"info","@timestamp":"2026-11-20T10:00:00Z"}';
  reads(badTime, 'debug', badTime);
  reads('[1]', 'debug', '[1]');
});

test('reads other lines by their prefix', () => {
  reads('[ERROR] went wrong\n', 'error', 'went wrong');
  reads('plain', 'debug', 'plain');
  const { lines } = read('panic: oh\nmore\n[INFO] fine\nagain\n');
  expect(lines.map(({ level }) => level)).toEqual(['error', 'error', 'info', 'error']);
});

test('tells of lines that make the server panic', () => {
  expect(read('{"@level":1,"@message":"m"}').violations).toHaveLength(1);
});

test('joins lines and cuts those above 64 KiB', () => {
  for (let cut = 0; cut < 20; cut++) {
    expect(read('[INFO] a\n[WARN] b\nc', cut).lines.map(({ message }) => message)).toEqual([
      'a',
      'b',
      'c',
    ]);
  }
  const long = read(`${'x'.repeat(70_000)}\n`).lines;
  expect(long.map(({ message }) => message.length)).toEqual([65_536, 70_000 - 65_536]);
});
