// Goal: whatever the server tells people can be read in the console's language. Method: the catalogue is
// held against its templates, and the sources of the server against the catalogue. That both languages
// have every sentence with the same values is held by test/e2e/console-texts.test.ts, and that the makers
// of problems, failures and warnings take nothing else by the compiler.
import { expect, test } from '@jest/globals';
import { english, namesInTemplate } from '../api/index.ts';
import { objectStart, problemPlaces, readSources } from './source-text.ts';

const sources = readSources('{server,api}/**/*.ts').filter(
  ({ path }) => !path.startsWith('api/sentences/'),
);

test('no sentence stands twice in the catalogue', () => {
  const areas = readSources('api/sentences/*.ts').filter(({ path }) => !/index/.test(path));
  const ids = areas.flatMap(({ text }) =>
    [...text.matchAll(/^ {2}'?([a-z][a-z0-9.-]*)'?:/gm)].map(([, id]) => id),
  );
  expect([...ids].sort()).toEqual(Object.keys(english).sort());
});

test.each(Object.entries(english))('the template of %s is well formed', (id, template) => {
  expect(id).toMatch(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/);
  const names = namesInTemplate(template);
  for (const name of names) expect(name).toMatch(/^[a-z][a-zA-Z]{1,31}$/);
  // What is left without placeholders has no brace: none was misunderstood.
  const plurals = /\{\w+Count, plural, (?:(?:=\d+|one|other) \{[^{}']*[ #][^{}']*\} ?)+\}/g;
  expect(template.replace(plurals, '').replace(/\{\w+\}/g, '')).not.toMatch(/[{}']/);
  for (const [plural] of template.matchAll(plurals)) expect(plural).toMatch(/ other \{/);
});

test('every sentence of the catalogue is told by the server', () => {
  const named = new Set(
    sources.flatMap(({ text }) =>
      [...text.matchAll(/'([a-z0-9-]+(?:\.[a-z0-9-]+)*)'/g)].map(([, id]) => id),
    ),
  );
  expect(Object.keys(english).filter((id) => !named.has(id))).toEqual([]);
});

/** What stands before a place: the name of the call whose object literal it is in, if it is in one. */
function callAround(text: string, place: number): string {
  return /(\w+)\(\s*$/.exec(text.slice(0, objectStart(text, place)))?.[1] ?? '';
}

test('a problem is made of sentences and of nothing else', () => {
  const made = sources
    .filter(({ path }) => path.startsWith('server/'))
    .flatMap(({ path, text }) =>
      problemPlaces(text).map((place) => ({ path, maker: callAround(text, place) })),
    );
  expect(made.length).toBeGreaterThan(40);
  expect(made.filter(({ maker }) => maker !== 'makeProblem')).toEqual([]);
});

/** Texts that are told to no person: between nodes, and of records whose sentence is another node's. */
const untold = ['server/cluster/served-requests.ts', 'server/collect/gaps/gap-record.ts'];

test('nothing else that is told is written down as a text', () => {
  const written = sources
    .filter(({ path }) => path.startsWith('server/') && !untold.includes(path))
    .filter(({ text }) => /\b(?:message|advice|complaint|mistake): *['`]/.test(text));
  expect(written.map(({ path }) => path)).toEqual([]);
});
