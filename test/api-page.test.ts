// Goal: whoever writes against the HTTP API finds every route, and no route that is not there. Method:
// the sources of the routes are read for what they register, and docs/api.md for its tables.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Where the routes of a file begin. */
const sources: Readonly<Record<string, string>> = {
  'server/web/app.ts': '',
  'server/web/dump-routes.ts': '/api/v1/dumps',
  'server/web/go-plugin-routes.ts': '',
};

function registered(): string[] {
  return Object.entries(sources).flatMap(([path, prefix]) => {
    const text = readFileSync(root + path, 'utf8');
    const calls = text.matchAll(/\b(?:app|router)\.(get|post|put|patch|delete)\(\s*'([^']*)'/g);
    return [...calls].map(([, method = '', route = '']) => {
      const whole = (prefix + route).replace(/\/$/, '').replaceAll(':id', '{id}');
      return `${method.toUpperCase()} ${whole}`;
    });
  });
}

/** What stands in code at the beginning of a row; a row may have two routes. */
function documented(): string[] {
  const page = readFileSync(`${root}docs/api.md`, 'utf8');
  return [...page.matchAll(/^\| (`(?:GET|POST|PUT|PATCH|DELETE) .*?) \| /gm)].flatMap(
    ([, cell = '']) =>
      [...cell.matchAll(/`((?:GET|POST|PUT|PATCH|DELETE) [^`?]+)[^`]*`/g)].map(
        ([, route = '']) => route,
      ),
  );
}

test('the page of the HTTP API has every route, and every route of it is there', () => {
  const routes = [...new Set(registered())].sort();
  expect(routes.length).toBeGreaterThan(15);
  expect([...new Set(documented())].sort()).toEqual(routes);
});
