// Every link of a page to another one leads to a file that is there, and to a heading that it has; and
// what a page names as a file or a folder of ours is one.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { root } from '../build/command.ts';
import { ourFiles } from './source-text.ts';

const files = ourFiles();
const pages = files.filter((path) => path.endsWith('.md'));

/** A page without its examples: what stands there is no link and no heading. */
function proseOf(path: string): string {
  return readFileSync(join(root, path), 'utf8').replaceAll(/^```[^]*?^```/gm, '');
}

/** The names under which the headings of a page are linked, as hosts of git make them. */
function headingsOf(path: string): Set<string> {
  const headings = [...proseOf(path).matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
  return new Set(headings);
}

function linksOf(page: string): { link: string; path: string; heading: string }[] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^(?:https?:|mailto:)/.test(link))
    .map((link) => {
      const [file = '', heading = ''] = link.split('#');
      return { link, path: file === '' ? page : join(dirname(page), file), heading };
    });
}

test('links of pages lead somewhere', () => {
  const links = pages.flatMap((page) => linksOf(page).map((link) => ({ page, ...link })));
  const dead = links.filter(({ path, heading }) => {
    if (!existsSync(join(root, path))) return true;
    return heading !== '' && path.endsWith('.md') && !headingsOf(path).has(heading);
  });
  expect(dead.map(({ page, link }) => `${page}: ${link}`)).toEqual([]);
  expect(links.length).toBeGreaterThan(50);
});

/** Files and folders of the repository, with every ending of their paths that a page may call them by. */
const places = (() => {
  const known = new Set<string>();
  for (const file of files) {
    const parts = file.split('/');
    for (let end = parts.length; end > 0; end--) {
      for (let begin = 0; begin < end; begin++) known.add(parts.slice(begin, end).join('/'));
    }
  }
  return known;
})();

const ourFile = /^[\w./-]+\.(?:tsx?|go|py)$/;
const ourFolder =
  /^(?:api|build|docs|examples|lib|panels|server|test|tools|webapp)(?:\/[\w-]+)+\/?$/;

test('files and folders that pages name are there', () => {
  // Those of the vectors name what lies in the repositories of other programs.
  const ours = pages.filter((page) => !page.startsWith('test/vectors/'));
  const named = ours.flatMap((page) =>
    [...proseOf(page).matchAll(/`([^`\s]+)`/g)]
      .map(([, name = '']) => name)
      .filter((name) => ourFile.test(name) || ourFolder.test(name))
      .map((name) => ({ page, name })),
  );
  const gone = named.filter(({ name }) => !places.has(name.replace(/\/$/, '')));
  expect(gone.map(({ page, name }) => `${page}: ${name}`)).toEqual([]);
  expect(named.length).toBeGreaterThan(200);
});
