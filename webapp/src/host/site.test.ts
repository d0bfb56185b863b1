import { afterEach, expect, test } from '@jest/globals';
import { consoleLink, csrfToken, pluginPath } from './site.ts';

const page = globalThis as { window?: { basename?: string } };

afterEach(() => {
  delete page.window;
});

test('stays below the path the site is served at', () => {
  page.window = {};
  expect(pluginPath('id')).toBe('/plugins/id');
  page.window = { basename: '/chat' };
  expect(pluginPath('id')).toBe('/chat/plugins/id');
  expect(consoleLink('/admin_console/x')).toBe('/chat/admin_console/x');
});

test.each([
  undefined,
  '',
  'admin_console',
  'javascript:alert(1)',
  '//evil.example',
  '/\\evil',
  'https://x',
])('makes no link of %j', (link) => {
  page.window = {};
  expect(consoleLink(link)).toBeNull();
});

test('finds the token among the cookies', () => {
  expect(csrfToken('a=b; MMCSRF=tok; c=d')).toBe('tok');
  expect(csrfToken('NOTMMCSRF=tok')).toBe('');
  expect(csrfToken('')).toBe('');
});
