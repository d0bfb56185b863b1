import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { hostsFileAddresses } from './hosts-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'hosts-'));
const path = join(directory, 'hosts');

afterAll(() => {
  rmSync(directory, { recursive: true });
});

async function finds(text: string, host: string, addresses: string[]): Promise<void> {
  writeFileSync(path, text);
  const found = await hostsFileAddresses(host, path);
  expect(found.map(({ address, family }) => `${address} ${String(family)}`)).toEqual(addresses);
}

test('finds all addresses of a name, in any case, whatever stands around it', async () => {
  const text = [
    '# nodes',
    '10.0.0.1\tmm1.example.com  MM1 # the first',
    '  fd00::1 mm1',
    '10.0.0.3 mm10 # mm1',
    '#10.0.0.4 mm1',
    'mm1 10.0.0.5',
    '10.0.0.256 mm1',
    '10.0.0.6',
    '',
  ];
  await finds(text.join('\n'), 'mm1', ['10.0.0.1 4', 'fd00::1 6']);
  await finds(text.join('\r\n'), 'Mm1.Example.com', ['10.0.0.1 4']);
  await finds(text.join('\n'), '10.0.0.1', []);
  await finds('', 'mm1', []);
});

test('has nothing to say when there is no such file, or one that is too long', async () => {
  await finds(`${' '.repeat(1024 * 1024 - 13)}\n10.0.0.1 mm1`, 'mm1', ['10.0.0.1 4']);
  await finds(`${' '.repeat(1024 * 1024 - 12)}\n10.0.0.1 mm1`, 'mm1', []);
  expect(await hostsFileAddresses('mm1', join(directory, 'none'))).toEqual([]);
});
