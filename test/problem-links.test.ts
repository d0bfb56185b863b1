// Goal: whoever reads a problem in the console is one click away from where it is mended. Method: every
// problem that the source makes has a link to a page, but for those that no page mends.
import { globSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { root } from '../build/command.ts';

/** Made by something that no page of the console knows. */
const withoutPage = [
  // Somebody else writes the plugin's keys, or the database came from a backup.
  'CLUSTER_LEASE_OVERWRITTEN',
  'CLUSTER_LEASE_UNREADABLE',
  // The disk is full, or its rights are wrong.
  'GAP_LEDGER_NOT_SAVED',
];

/** The innermost object literal around a place of a source. */
function objectAround(source: string, place: number): string {
  let start = place;
  for (let depth = 0; depth >= 0 && start > 0;) {
    start--;
    if (source[start] === '}') depth++;
    if (source[start] === '{') depth--;
  }
  let end = place;
  for (let depth = 0; depth >= 0 && end < source.length; end++) {
    if (source[end] === '{') depth++;
    if (source[end] === '}') depth--;
  }
  return source.slice(start, end);
}

test('every problem leads to the page where it is mended', () => {
  const files = globSync('server/**/*.ts', { cwd: root }).filter(
    (file) => !/(\.test|-fixture)\.ts$/.test(file),
  );
  const problems = files.flatMap((file) => {
    const source = readFileSync(`${root}${file}`, 'utf8');
    return [...source.matchAll(/\bseverity: *(?:'|[a-z(])/g)].map(({ index }) => ({
      file,
      text: objectAround(source, index),
    }));
  });
  const made = problems.filter(({ text }) => text.includes('message'));
  expect(made.length).toBeGreaterThan(25);
  const bare = made.filter(({ text }) => !/\blink\b|\badvice,/.test(text));
  const codes = bare.map(({ file, text }) => /code: '(\w+)'/.exec(text)?.[1] ?? file);
  expect(codes.sort()).toEqual(withoutPage);
});
