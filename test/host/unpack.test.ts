import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { makeTar, makeTarball, type TarballEntry } from './tar-fixture.ts';
import { readTar } from './tar.ts';
import { unpackBundle } from './unpack.ts';

let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'unpack-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

test('takes modes from the archive and finds the one top directory', async () => {
  const bundle = makeTarball([
    { name: 'top/', type: '5', mode: 0o755 },
    { name: 'top/plugin.json', content: '{}' },
    { name: 'top/bin/plugin', content: 'x'.repeat(2000), mode: 0o755 },
  ]);
  const { directory: top, skipped } = await unpackBundle(bundle, directory);
  expect(top).toBe(join(directory, 'top'));
  expect(skipped).toEqual([]);
  expect((await stat(join(top, 'bin/plugin'))).mode & 0o777).toBe(0o755);
  expect((await stat(join(top, 'plugin.json'))).mode & 0o111).toBe(0);
  expect((await stat(join(top, 'bin'))).mode & 0o777).toBe(0o744);
  expect(await readFile(join(top, 'bin/plugin'), 'utf8')).toHaveLength(2000);
});

test('takes files at the root', async () => {
  const bundle = makeTarball([{ name: 'plugin.json' }, { name: './server/plugin' }]);
  expect((await unpackBundle(bundle, directory)).directory).toBe(directory);
});

test('skips links and devices', async () => {
  const types = ['1', '2', '3', '6'].map((type) => ({ name: `entry${type}`, type }));
  const { skipped } = await unpackBundle(makeTarball([{ name: 'a' }, ...types]), directory);
  expect(skipped).toEqual(['entry1', 'entry2', 'entry3', 'entry6']);
});

test('refuses names that leave the target', async () => {
  for (const name of ['../outside', 'a/../../outside', '../'.repeat(9) + 'tmp/x']) {
    const bundle = makeTarball([{ name, content: 'x' }]);
    await expect(unpackBundle(bundle, directory)).rejects.toMatchObject({
      code: 'app.plugin.extract.app_error',
      detail: expect.stringContaining('failed to sanitize path'),
    });
  }
});

test('refuses what is no gzip, no tar, or cut', async () => {
  const whole = makeTarball([{ name: 'a', content: Buffer.alloc(5000, 1) }]);
  const tar = makeTar([{ name: 'a', content: 'x' }]);
  tar[0] = 0x62;
  for (const bundle of [Buffer.from('no gzip'), whole.slice(0, whole.length - 20)]) {
    await expect(unpackBundle(bundle, directory)).rejects.toMatchObject({ status: 400 });
  }
  await expect(names([tar])).rejects.toThrow('tar: invalid header');
});

async function names(pieces: readonly Uint8Array[]): Promise<[string, number][]> {
  async function* source() {
    for (const piece of pieces) yield await Promise.resolve(piece);
  }
  const found: [string, number][] = [];
  for await (const { name, size } of readTar(source())) found.push([name, size]);
  return found;
}

test('reads long names of ustar, PAX and GNU, cut anywhere', async () => {
  const long = `${'d'.repeat(90)}/${'e'.repeat(90)}`;
  const record = `path=${long}\n`;
  const length = record.length + 4;
  const entries: TarballEntry[] = [
    { name: 'file', prefix: 'prefix', content: 'abc' },
    { name: 'PaxHeader', type: 'x', content: `${String(length)} ${record}` },
    { name: 'short', content: 'abcd' },
    { name: '././@LongLink', type: 'L', content: `${long}\0` },
    { name: 'short', content: 'abcde' },
    { name: 'last' },
  ];
  const tar = makeTar(entries);
  const wanted = [
    ['prefix/file', 3],
    [long, 4],
    [long, 5],
    ['last', 0],
  ];
  for (let cut = 0; cut < tar.length; cut += 37) {
    expect(await names([tar.subarray(0, cut), tar.subarray(cut)])).toEqual(wanted);
  }
});
