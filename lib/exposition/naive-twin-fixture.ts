/** What a naive reader finds in a body; the twin that the fast parser is compared with. */
export interface NaiveSample {
  /** Name and labels, sorted and joined; empty labels left out. */
  key: string;
  /** Bits of the value, 16 hex digits. */
  bits: string;
  timeMs: number | undefined;
}

const series = /^([a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]*(?:\{((?:"(?:\\[^\n]|[^\\"])*"|[^"}])*)\})?[ \t]*/;
const pair = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:\\[^\n]|[^\\"])*)"[ \t]*,?/gy;

/** Reads a well-formed body of one-line samples with regular expressions, or throws. */
export function readNaively(body: string): NaiveSample[] {
  const samples: NaiveSample[] = [];
  for (const line of body.split('\n')) {
    if (/^[ \t]*(#.*)?$/.test(line)) continue;
    const match = series.exec(line);
    if (match === null) throw new Error(`not a series: ${line}`);
    const rest = line
      .slice(match[0].length)
      .trim()
      .split(/[ \t]+/);
    const [value = '', time] = rest;
    if (rest.length > 2) throw new Error(`too much: ${line}`);
    samples.push({
      key: keyOf(match[1] ?? '', match[2] ?? ''),
      bits: bitsOf(value),
      timeMs: time === undefined ? undefined : Number(time),
    });
  }
  return samples;
}

function keyOf(name: string, braces: string): string {
  const labels = [`__name__=${name}`];
  for (const [, label = '', value = ''] of braces.matchAll(pair)) {
    const text = value.replace(/\\[\\"n]/g, (escape) =>
      escape === '\\n' ? '\n' : escape.slice(1),
    );
    if (text !== '') labels.push(`${label}=${text}`);
  }
  return labels.sort().join('\u0001');
}

/** The same key for labels as a resolver gets them. */
export function keyOfLabels(labels: readonly string[]): string {
  const pairs: string[] = [];
  for (let at = 0; at < labels.length; at += 2) {
    if (labels[at + 1] !== '') pairs.push(`${String(labels[at])}=${String(labels[at + 1])}`);
  }
  return pairs.sort().join('\u0001');
}

function bitsOf(value: string): string {
  if (/^nan$/i.test(value)) return '7ff8000000000001';
  const isInfinite = /^([+-]?)inf(inity)?$/i.exec(value);
  const number = isInfinite === null ? Number(value) : isInfinite[1] === '-' ? -Infinity : Infinity;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, number);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
}
