import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createIntl } from 'react-intl';
import { translationsFor } from '../../webapp/src/i18n/translations.ts';

const english = translationsFor('en');
const german = translationsFor('de-AT');
const ids = Object.keys(english);

/** Names that a message wants values for, sorted. */
function placeholders(message: string): string[] {
  const names = [...message.matchAll(/(one |other |=\d+ )?\{(\w+)(, plural|\})/g)]
    .filter(([, choice]) => choice === undefined)
    .map(([, , name = '']) => name);
  return [...new Set(names)].sort();
}

/** The source of the console part, without tests. */
function readSources(directory: string): string {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && !path.includes('.test.'))
    .map((path) => readFileSync(join(directory, path), 'utf8'))
    .join('\n');
}

test('offers the closest language, and English to everybody else', () => {
  expect(translationsFor('de')).toEqual(german);
  expect(german['mmx.list.ready']).toBe('Fertig');
  for (const locale of ['en', 'en-AU', 'fr', 'den', '']) {
    expect(translationsFor(locale)).toEqual(english);
  }
});

test('both languages have the same messages, in the same order', () => {
  expect(Object.keys(german)).toEqual(ids);
});

describe('every message', () => {
  test('wants the same values in both languages', () => {
    const wanted = (messages: Record<string, string>) =>
      ids.map((id) => [id, placeholders(messages[id] ?? '')]);
    expect(wanted(german)).toEqual(wanted(english));
  });

  test.each([
    ['en', english],
    ['de', german],
  ] as const)('can be said in %s, of none, one and many', (locale, messages) => {
    const faults: string[] = [];
    const intl = createIntl({
      locale,
      messages,
      onError: (error) => {
        faults.push(error.message);
      },
    });
    for (const count of [0, 1, 5]) {
      for (const id of ids) {
        const values = Object.fromEntries(
          placeholders(messages[id] ?? '').map((name) => [name, count]),
        );
        expect(intl.formatMessage({ id }, values)).not.toMatch(/[{}]|^mmx\./);
      }
    }
    expect(faults).toEqual([]);
  });

  test('is used', () => {
    const source = readSources(resolve(import.meta.dirname, '../../webapp/src'));
    const named = new Set([...source.matchAll(/'(mmx\.[\w.-]+)'/g)].map(([, id = '']) => id));
    const patterns = [...source.matchAll(/`(mmx\.[^`]*\$\{[^`]*)`/g)].map(
      ([, text = '']) =>
        new RegExp(`^${text.replaceAll('.', '\\.').replaceAll(/\$\{[^}]*\}/g, '[\\w-]+')}$`),
    );
    const isUsed = (id: string) => named.has(id) || patterns.some((pattern) => pattern.test(id));
    const own = ids.filter((id) => !id.startsWith('mmx.server.'));
    expect(own.filter((id) => !isUsed(id))).toEqual([]);
    expect([...named].filter((id) => !ids.includes(id) && id !== 'mmx.server.')).toEqual([]);
  });
});
