import { setImmediate as immediate } from 'node:timers/promises';
import { cutValue } from './cut.ts';

/** Largest `diagnostics.yaml`: it is read by people, and the whole packet is held in memory. */
const maxFileBytes = 256 * 1024;

/** What it may be as JSON, which is quickly told: YAML adds what its lines are moved in by. */
const maxJsonBytes = 160 * 1024;

/** Entries that lists are cut to, one after the other, until the whole is small enough. */
const listSizes = [500, 200, 100, 50, 20, 10, 5, 2, 1];

/** Longest piece, as JSON, that is written at once: some milliseconds of the main thread. */
const pieceBytes = 4 * 1024;

/** Writes plain values as YAML with `head` as comment lines; what is too much is left out, and said so. */
export async function writeDiagnostics(
  head: readonly string[],
  values: Readonly<Record<string, unknown>>,
): Promise<Uint8Array> {
  const comment = head.map((line) => `# ${line.replace(/\p{Cc}+/gu, ' ')}\n`).join('');
  const write = await loadWriter();
  const encoder = new TextEncoder();
  const sections = fitted(values);
  for (;;) {
    const body = encoder.encode(comment + (await inPieces(sections, write)));
    if (body.length <= maxFileBytes) return body;
    leaveLargestOut(sections);
  }
}

type Writer = (value: unknown) => string;

/** Loaded here: nobody needs it before the first packet. */
async function loadWriter(): Promise<Writer> {
  const { stringify } = await import('yaml');
  // Whoever reads YAML 1.1 must not take a text for a date or a switch.
  const options = { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' } as const;
  return (value) => stringify(value, options);
}

/** The values with lists that are short enough for all of it. */
function fitted(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  let sections: Record<string, unknown> = {};
  for (const maxEntries of listSizes) {
    sections = cutValue(values, maxEntries) as Record<string, unknown>;
    if (sizeOf(sections) <= maxJsonBytes) return sections;
  }
  while (sizeOf(sections) > maxJsonBytes) leaveLargestOut(sections);
  return sections;
}

function leaveLargestOut(sections: Record<string, unknown>): void {
  const bySize = Object.keys(sections).sort((a, b) => sizeOf(sections[b]) - sizeOf(sections[a]));
  const [largest = ''] = bySize;
  sections[largest] = 'left out: too large';
}

/** Writes what is long piece by piece, and lets other work go on in between. */
async function inPieces(value: unknown, write: Writer): Promise<string> {
  if (typeof value !== 'object' || value === null || sizeOf(value) <= pieceBytes) {
    return write(value);
  }
  let text = '';
  if (Array.isArray(value)) {
    for (const entry of value as unknown[]) {
      text += write([entry]);
      await immediate();
    }
    return text;
  }
  for (const [name, member] of Object.entries(value as Record<string, unknown>)) {
    const isNested = /^[a-z]+$/i.test(name) && sizeOf(member) > pieceBytes;
    const isBlock = isNested && typeof member === 'object';
    text += isBlock
      ? `${keyOf(name, write)}\n${movedIn(await inPieces(member, write))}`
      : write({ [name]: member });
    await immediate();
  }
  return text;
}

/** Quoted where the name alone would be something else. */
function keyOf(name: string, write: Writer): string {
  return write({ [name]: 0 }).replace(/ 0\n$/, '');
}

function movedIn(lines: string): string {
  return lines.replace(/^(?=.)/gm, '  ');
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
