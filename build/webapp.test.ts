import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { buildWebapp, checkWebapp, WEBAPP_GZIP_LIMIT } from './webapp.ts';

test('builds one small script that says what it is', async () => {
  const outDir = mkdtempSync(join(tmpdir(), 'webapp-'));
  try {
    const manifest = { id: 'some.plugin', version: '1.2.3' };
    const { file, bytes, gzipBytes } = await buildWebapp({ outDir, minify: true, manifest });
    const script = readFileSync(file, 'utf8');
    expect(script).toMatch(/^\/\*! some\.plugin 1\.2\.3 \*\//);
    expect(Buffer.byteLength(script)).toBe(bytes);
    expect(gzipBytes).toBeLessThanOrEqual(WEBAPP_GZIP_LIMIT);
    expect(script).toContain('window.React');
    expect(script).not.toContain('sourceMappingURL');
  } finally {
    rmSync(outDir, { recursive: true });
  }
});

test.each([
  ['eval("1")', 'eval('],
  ['new Function("x")', 'new Function'],
  ['React.__SECRET_INTERNALS_DO_NOT_USE', 'SECRET_INTERNALS'],
  ['__CLIENT_INTERNALS_DO_NOT_USE', 'CLIENT_INTERNALS'],
])('refuses a script with %s', (script, found) => {
  expect(() => {
    checkWebapp(script, 10);
  }).toThrow(`contains ${found}`);
});

test('refuses a script one byte over the budget', () => {
  checkWebapp('', WEBAPP_GZIP_LIMIT);
  expect(() => {
    checkWebapp('', WEBAPP_GZIP_LIMIT + 1);
  }).toThrow('the limit is 70000');
});
