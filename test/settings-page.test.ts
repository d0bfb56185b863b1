// Goal: whoever sets the plugin up in a file or looks for a setting that a problem names finds all of them, with what
// they are called in System Console, their defaults and bounds. Method: the table of docs/operations.md is held against
// the declarations.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { declarations, type Declaration } from '../server/settings/index.ts';

function rowOf(declaration: Declaration): string {
  const { key, displayName } = declaration;
  const cells = [`\`${key}\``, displayName.replace(/:$/, ''), ...valuesOf(declaration)];
  return `| ${cells.join(' | ')} |`;
}

function valuesOf(declaration: Declaration): [string, string] {
  switch (declaration.kind) {
    case 'number': {
      const { min, max, unit, default: usual } = declaration;
      const write = (value: number) => (unit === '' ? String(value) : value.toLocaleString('en'));
      return [write(usual), `${write(min)} to ${write(max)}`];
    }
    case 'bool':
      return [declaration.default ? 'on' : 'off', ''];
    case 'text':
      return [`\`${declaration.default}\``, ''];
    case 'longtext':
      return ['empty', ''];
  }
}

test('the page for operators has every setting with its name, default and range', () => {
  const page = readFileSync(
    fileURLToPath(new URL('../docs/operations.md', import.meta.url)),
    'utf8',
  );
  const [, table = ''] =
    /^\| Name \| In System Console \| Default \| Range \|\n.*\n((?:\|.*\n)+)/m.exec(page) ?? [];
  expect(table.trim().split('\n').sort()).toEqual(declarations.map(rowOf).sort());
});
