/** Characters that could move the cursor, hide text or turn its direction on a terminal. */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Stored text as it may be shown on a terminal: on one line, nothing hidden in it. */
export function printable(text: string): string {
  return text.toWellFormed().replace(unsafe, (char) => {
    return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

/** A label value between quotes. */
export function quoted(text: string): string {
  return `"${printable(text.replaceAll('\\', '\\\\').replaceAll('"', '\\"'))}"`;
}

/** Labels as Prometheus writes them, `name{a="b"}`. */
export function labelsText(labels: readonly string[]): string {
  let name = '';
  const rest: string[] = [];
  for (let at = 0; at + 1 < labels.length; at += 2) {
    const [label, value] = [labels[at] ?? '', labels[at + 1] ?? ''];
    if (label === '__name__' && /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(value)) name = value;
    else rest.push(`${/^[a-zA-Z_]\w*$/.test(label) ? label : quoted(label)}=${quoted(value)}`);
  }
  return rest.length === 0 && name !== '' ? name : `${name}{${rest.join(', ')}}`;
}

/** Labels as an object for JSON. */
export function labelsObject(labels: readonly string[]): Record<string, string> {
  const entries: [string, string][] = [];
  for (let at = 0; at + 1 < labels.length; at += 2) {
    entries.push([labels[at] ?? '', labels[at + 1] ?? '']);
  }
  return Object.fromEntries(entries);
}

/** A time in UTC, to the millisecond. */
export function timeText(timeMs: number): string {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? String(timeMs) : date.toISOString();
}

const view = new DataView(new ArrayBuffer(8));

/** The bits that mark the end of a series. */
const staleHigh = 0x7ff0_0000;
const staleLow = 2;

/** A value as Prometheus writes it; `stale` for the staleness marker. */
export function valueText(lo: number, hi: number): string {
  if (hi === staleHigh && lo === staleLow) return 'stale';
  view.setUint32(0, hi);
  view.setUint32(4, lo);
  const value = view.getFloat64(0);
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

/** Bytes in the unit that suits them. */
export function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 ? String(size) : size.toFixed(1)} ${units[unit] ?? ''}`;
}

/** A count with its noun. */
export function many(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? '' : 's'}`;
}
