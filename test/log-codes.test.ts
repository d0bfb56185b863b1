// Goal: what an administrator sees in the log and in the status can be looked up. Method: the source
// of the server is read for calls of loggers and for codes, and docs/operations.md for its tables.
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { root } from '../build/command.ts';
import { readSources } from './source-text.ts';

const server = readSources('server/**/*.ts');

/** Loggers that hand on what they are given. */
const passing = ['server/diagnostics/recent-log.ts'];

/** The text of a call from its opening parenthesis on; texts with single parentheses do not occur. */
function callAt(text: string, from: number): string {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '(') depth++;
    if (text[at] === ')' && --depth === 0) return text.slice(from, at + 1);
  }
  return text.slice(from);
}

function loudCalls(): { where: string; call: string }[] {
  return server
    .filter(({ path }) => !passing.includes(path))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/[lL]ogger(\(\))?\??(\.(warn|error)|\[\w+\])\(/g)].map((found) => {
        const call = callAt(text, found.index + found[0].length - 1);
        const line = text.slice(0, found.index).split('\n').length;
        return { where: `${path}:${String(line)}`, call };
      }),
    );
}

test('every warning and error of the log has a code', () => {
  const calls = loudCalls();
  expect(calls.length).toBeGreaterThan(30);
  expect(calls.filter(({ call }) => !/\bcode\b/.test(call)).map(({ where }) => where)).toEqual([]);
});

test('the code of a line of the log is not left to chance', () => {
  const loose = loudCalls().filter(({ call }) => /\bcode: codeOf\(/.test(call));
  expect(loose.map(({ where }) => where)).toEqual([]);
});

const page = readFileSync(`${root}docs/operations.md`, 'utf8');
const lookUp = page.slice(page.indexOf('## Troubleshooting by code'));

/** Upper case with underscores, and no code of ours: other people's names. */
const foreign =
  /^(AWS|CERT|DEPTH|ERR|EAI|HOSTNAME|INVALID|MM|NO_PROXY|HTTPS?_PROXY|PLUGIN_|SELF_SIGNED|UNABLE|WHEN|Z)(_|$|\w)|_PROXY$|_ERROR$/;
/** Codes of answers of the API and between nodes, which no administrator meets: docs/api.md. */
const ofTheApi =
  /^(API|BODY|CHECK|GOB|GOPLUGIN|HOST|RANGE|REQUEST|RPC|SQL|THREAD|YAMUX|EXPOSITION)_|^(NOT_FOUND|NOT_PERMITTED|NOT_SIGNED_IN|NOT_COLLECTING|MATTERMOST_PLUGIN)$/;

const codePattern = /'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g;

function codesIn(sources: { text: string }[]): Set<string> {
  const found = sources.flatMap(({ text }) => [...text.matchAll(codePattern)]);
  return new Set(found.map(([, code]) => String(code)));
}

test('each code stands in the page, and each code of the page in the source', () => {
  const sources = [...server, ...readSources('lib/{objectstore,tsdb}/**/*.ts')];
  const inSource = codesIn(sources);
  const inPage = new Set(
    [...lookUp.matchAll(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/g)].map((m) => m[1]!),
  );
  const told = [...inSource].filter((code) => !foreign.test(code) && !ofTheApi.test(code));
  expect(told.length).toBeGreaterThan(100);
  expect(told.filter((code) => !inPage.has(code)).sort()).toEqual([]);
  expect([...inPage].filter((code) => !inSource.has(code)).sort()).toEqual([]);
});
