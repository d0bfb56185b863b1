// Goal: whoever reads a problem in the console is one click away from where it is mended. Method: every
// problem that the source makes has a link to a page, but for those that no page mends.
import { expect, test } from '@jest/globals';
import { objectStart, problemPlaces, readSources } from './source-text.ts';

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
  let end = place;
  for (let depth = 0; depth >= 0 && end < source.length; end++) {
    if (source[end] === '{') depth++;
    if (source[end] === '}') depth--;
  }
  return source.slice(objectStart(source, place), end);
}

test('every problem leads to the page where it is mended', () => {
  const problems = readSources('server/**/*.ts').flatMap(({ path, text }) =>
    problemPlaces(text).map((place) => ({ file: path, text: objectAround(text, place) })),
  );
  const made = problems.filter(({ text }) => text.includes('message'));
  expect(made.length).toBeGreaterThan(25);
  const bare = made.filter(({ text }) => !/\blink\b|\badvice,/.test(text));
  const codes = bare.map(({ file, text }) => /code: '(\w+)'/.exec(text)?.[1] ?? file);
  expect(codes.sort()).toEqual(withoutPage);
});
