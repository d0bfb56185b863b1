/** One entry of an archive; read `content` before the next entry is taken. */
export interface TarEntry {
  name: string;
  kind: 'file' | 'directory' | 'other';
  mode: number;
  size: number;
  content: AsyncIterable<Uint8Array>;
}

const blockBytes = 512;
/** Extended headers hold names; more than this is no name. */
const maxExtendedBytes = 1024 * 1024;

/** Types of headers that tell more of the entry behind them: those of PAX, and long names of GNU. */
const extendedTypes: ReadonlySet<string> = new Set(['x', 'g', 'L', 'K']);

/** Reads a tar archive as Go's reader does: ustar, long names of PAX and GNU, base-256 sizes. */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const input = new ChunkedInput(source);
  let extended: { path?: string; size?: number } = {};
  for (;;) {
    const header = await input.exactly(blockBytes);
    // Two empty blocks end an archive; one is enough for us, as for Go.
    if (header === undefined || header.every((byte) => byte === 0)) return;
    checkSum(header);
    const size = extended.size ?? number(header, 124, 12);
    const type = String.fromCharCode(header[156]!);
    if (extendedTypes.has(type)) {
      const content = await readExtended(input, size);
      if (type === 'x') extended = { ...extended, ...paxRecords(content) };
      if (type === 'L') extended = { ...extended, path: text(content, 0, content.length) };
      continue;
    }
    const remaining = input.limited(size);
    const name = extended.path ?? ustarName(header);
    yield { name, kind: kindOf(type), mode: number(header, 100, 8), size, content: remaining };
    await remaining.skip();
    await input.skip(padding(size));
    extended = {};
  }
}

function kindOf(type: string): TarEntry['kind'] {
  if (type === '5') return 'directory';
  return type === '0' || type === '\0' ? 'file' : 'other';
}

async function readExtended(input: ChunkedInput, size: number): Promise<Buffer> {
  if (size > maxExtendedBytes) throw new Error('tar: an extended header is too long');
  const content = await input.exactly(size);
  await input.skip(padding(size));
  if (content === undefined) throw new Error('tar: unexpected EOF');
  return content;
}

function padding(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes;
}

function ustarName(header: Buffer): string {
  const name = text(header, 0, 100);
  const prefix = text(header, 257, 5) === 'ustar' ? text(header, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function paxRecords(content: Buffer): { path?: string; size?: number } {
  const records: { path?: string; size?: number } = {};
  for (let at = 0; at < content.length;) {
    const length = Number.parseInt(content.toString('latin1', at), 10);
    if (!(length > 0)) throw new Error('tar: invalid PAX record');
    const record = content.toString('utf8', at, at + length - 1);
    const [, key = '', value = ''] = /^\d+ ([^=]*)=([^]*)$/.exec(record) ?? [];
    if (key === 'path') records.path = value;
    if (key === 'size') records.size = Number(value);
    at += length;
  }
  return records;
}

function text(bytes: Buffer, start: number, length: number): string {
  const end = bytes.indexOf(0, start);
  const limit = start + length;
  return bytes.toString('utf8', start, end < 0 || end > limit ? limit : end);
}

/** Octal digits, or with the top bit set big-endian bytes. */
function number(header: Buffer, start: number, length: number): number {
  if ((header[start]! & 0x80) !== 0) {
    return header.subarray(start + 1, start + length).reduce((sum, byte) => sum * 256 + byte, 0);
  }
  const value = Number.parseInt(text(header, start, length).trim() || '0', 8);
  if (Number.isNaN(value)) throw new Error('tar: invalid header');
  return value;
}

function checkSum(header: Buffer): void {
  let sum = 0;
  for (let at = 0; at < blockBytes; at++) sum += at >= 148 && at < 156 ? 0x20 : header[at]!;
  if (sum !== number(header, 148, 8)) throw new Error('tar: invalid header');
}

/** Bytes of an async source, taken by count. */
class ChunkedInput {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Undefined when the source ends right here; an error when it ends in between. */
  async exactly(count: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    let missing = count;
    while (missing > 0) {
      const part = await this.atMost(missing);
      if (part === undefined && missing === count) return undefined;
      if (part === undefined) throw new Error('tar: unexpected EOF');
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  async atMost(count: number): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) {
      const next = await this.#source.next();
      if (next.done === true) return undefined;
      this.#rest = Buffer.from(next.value);
    }
    const part = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(part.length);
    return part;
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0;) {
      const part = await this.atMost(left);
      if (part === undefined) throw new Error('tar: unexpected EOF');
      left -= part.length;
    }
  }

  limited(size: number): AsyncIterable<Uint8Array> & { skip(): Promise<void> } {
    let left = size;
    const next = async () => {
      const part = await this.atMost(left);
      if (part === undefined) throw new Error('tar: unexpected EOF');
      left -= part.length;
      return part;
    };
    return {
      async *[Symbol.asyncIterator]() {
        while (left > 0) yield await next();
      },
      async skip() {
        while (left > 0) await next();
      },
    };
  }
}
