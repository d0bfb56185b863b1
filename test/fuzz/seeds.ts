import { readFileSync } from 'node:fs';
import { fromHex } from '../../lib/bytes/index.ts';

/** Stored inputs of one kind: lines of hex, each below a comment that says what it is. */
export function storedSeeds(kind: 'gob' | 'yamux' | 'goplugin'): Uint8Array[] {
  const text = readFileSync(new URL(`seeds/${kind}.txt`, import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => fromHex(line));
}
