import { isIP } from 'node:net';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseTargetCertificates } from './custom-target-certificates.ts';
import { parseTargetSecrets } from './custom-target-secrets.ts';
import { parseCustomTargets } from './custom-targets.ts';
import { cleanHost, isForbiddenAddress, shownText } from './host-name.ts';

/** Texts that come close to hosts, addresses and URLs. */
const pieces = [
  'a',
  'MM1',
  '.',
  ':',
  '::',
  '[',
  ']',
  '%',
  '@',
  '/',
  '-',
  '_',
  ' ',
  '0',
  '255',
  'ff',
];
const nearHost = fc
  .array(fc.oneof(fc.constantFrom(...pieces, '\0', 'é', '127.0.0.1', 'fd00::5'), fc.string()))
  .map((parts) => parts.join(''));

test('what is called a host can be connected to, and is its own shortest form', () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain(), nearHost);
  fc.assert(
    fc.property(address, (text) => {
      const clean = cleanHost(text);
      if (clean.kind === 'problem') {
        expect(clean.reason).not.toBe('');
        return;
      }
      const { host } = clean;
      const url = URL.parse(isIP(host) === 6 ? `http://[${host}]/` : `http://${host}/`);
      expect(url?.hostname.replace(/^\[|\]$/g, '')).toBe(host);
      expect(cleanHost(host)).toEqual(clean);
      expect(cleanHost(`[${host}]`).kind).toBe(isIP(host) === 6 ? 'host' : 'problem');
    }),
  );
});

test('an address is forbidden in all its spellings', () => {
  fc.assert(
    fc.property(fc.nat(255), fc.nat(255), (a, b) => {
      const hex = ((a << 8) | b).toString(16);
      for (const address of [
        `169.254.${a}.${b}`,
        `::ffff:169.254.${a}.${b}`,
        `::ffff:a9fe:${hex}`,
      ]) {
        expect([address, isForbiddenAddress(address)]).toEqual([address, true]);
      }
      expect(isForbiddenAddress(`10.0.${a}.${b}`)).toBe(false);
      expect(isForbiddenAddress(`fd00::${hex}`)).toBe(false);
    }),
  );
});

test('whatever others wrote is one short printable line', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(0xffff)), (codes) => {
      const text = String.fromCharCode(...codes);
      expect(shownText(text)).toMatch(/^[\x20-\x7e]{0,60}…?$/);
    }),
  );
});

test('settings of several lines take any text without a throw, and never repeat it', () => {
  const word = fc.constantFrom(
    'http://a',
    'https://b/',
    'job=x',
    'label.a=b',
    'x bearer',
    'basic',
    'own',
    '#',
  );
  const junk = fc.oneof(word, nearHost, fc.constant('-----BEGIN CERTIFICATE-----'));
  const text = fc
    .array(fc.array(junk).map((words) => words.join(' ')))
    .map((lines) => lines.join('\n'));
  fc.assert(
    fc.property(text, (lines) => {
      for (const parse of [parseCustomTargets, parseTargetSecrets, parseTargetCertificates]) {
        const marked = lines.replaceAll('a', 'hunter2');
        const { errors } = parse(marked);
        expect(JSON.stringify(errors)).not.toContain('hunter2');
        const count = marked.split('\n').length;
        for (const { line } of errors) expect(line >= 1 && line <= count).toBe(true);
      }
    }),
  );
});
