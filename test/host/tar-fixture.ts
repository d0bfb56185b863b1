import { gzipSync } from 'node:zlib';

/** An entry for {@link makeTarball}; `type` is the letter of the tar format. */
export interface TarballEntry {
  name: string;
  content?: Uint8Array | string;
  mode?: number;
  type?: string;
  prefix?: string;
}

/** A gzipped ustar archive of exactly these entries, hostile names included. */
export function makeTarball(entries: readonly TarballEntry[]): Uint8Array {
  return gzipSync(makeTar(entries), { level: 1 });
}

export function makeTar(entries: readonly TarballEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const content = Buffer.from(entry.content ?? '');
    const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
    return [header(entry, content.length), content, padding];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function header(entry: TarballEntry, size: number): Buffer {
  const block = Buffer.alloc(512);
  block.write(entry.name, 0, 100);
  block.write(octal(entry.mode ?? 0o644, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(' '.repeat(8), 148);
  block.write(entry.type ?? '0', 156);
  block.write('ustar\x0000', 257, 'latin1');
  block.write(entry.prefix ?? '', 345, 155);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
