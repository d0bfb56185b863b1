import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { root } from '../build/command.ts';

/** A file of ours as text, for tests that read sources. */
export interface SourceText {
  /** Below the root of the repository. */
  path: string;
  text: string;
}

/** Paths of the tracked files and of new ones that are not ignored, so that a finding shows before the commit. */
export function ourFiles(): string[] {
  const listing = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const maxBuffer = 16 * 2 ** 20;
  return execFileSync('git', listing, { cwd: root, encoding: 'utf8', maxBuffer })
    .split('\0')
    .filter((path) => path !== '' && existsSync(`${root}${path}`));
}

/** The files that a pattern names, without tests and their fixtures. */
export function readSources(pattern: string): SourceText[] {
  return globSync(pattern, { cwd: root })
    .filter((path) => !/(\.test|-fixture)\.ts$/.test(path))
    .map((path) => ({ path, text: readFileSync(`${root}${path}`, 'utf8') }));
}

/** Where a source makes problems: the places of their severities. */
export function problemPlaces(text: string): number[] {
  return [...text.matchAll(/\bseverity: *(?:'|[a-z(])/g)].map(({ index }) => index);
}

/** Where the innermost object literal around a place begins. */
export function objectStart(text: string, place: number): number {
  let start = place;
  for (let depth = 0; depth >= 0 && start > 0;) {
    start--;
    if (text[start] === '}') depth++;
    if (text[start] === '{') depth--;
  }
  return start;
}
