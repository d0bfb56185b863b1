import { blank, isNamePart, isNameStart, newline, quote, skipBlanks } from './bytes.ts';
import type { ExpositionErrorCode } from './errors.ts';
import type { ExpositionFormat } from './format.ts';
import { quotedNameEnd, unescapeText } from './quoted-names.ts';
import { decodeUtf8 } from './text.ts';

/** Types of the text format; OpenMetrics says `unknown` for `untyped`. */
const textTypes: readonly string[] = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];
const openMetricsTypes: readonly string[] = [
  ...['counter', 'gauge', 'histogram', 'gaugehistogram', 'summary'],
  ...['info', 'stateset', 'unknown'],
];

/** What an exporter says about a family of metrics. */
export interface FamilyMetadata {
  /** One of the types that the formats know. */
  type: string | undefined;
  help: string | undefined;
  unit: string | undefined;
}

type Keyword = 'HELP' | 'TYPE' | 'UNIT';

/** A line of metadata, taken apart. */
export interface MetadataLine {
  keyword: Keyword;
  /** The family's name without its quotes, escapes as they stand. */
  nameStart: number;
  nameEnd: number;
  textStart: number;
}

export interface MetadataProblem {
  code: ExpositionErrorCode;
  what: string;
}

/** A comment: where it ends, and what it says when it is metadata. */
export interface CommentLine {
  /** Offset of the newline. */
  lineFeed: number;
  metadata?: MetadataLine;
  problem?: MetadataProblem;
}

/** Reads the comment of a text body whose `#` is at `start`; ordinary comments are always right. */
export function readTextComment(body: Uint8Array, start: number): CommentLine {
  const lineFeed = body.indexOf(newline, start);
  const at = skipBlanks(body, start + 1);
  if (at === start + 1 || lineFeed - at < 5) return { lineFeed };
  const nameStart = skipBlanks(body, at + 4);
  const keyword = keywordAt(body, at);
  if (nameStart === at + 4 || keyword === undefined || keyword === 'UNIT') return { lineFeed };
  const name = readName(body, nameStart);
  if (name === undefined) return badName(keyword, lineFeed);
  // A quoted name may hold newlines.
  const end = body.indexOf(newline, name.behind);
  if (body[name.behind] === 0) {
    const what = 'a NUL byte behind a metric name';
    return { lineFeed: end, problem: { code: 'EXPOSITION_BAD_METADATA', what } };
  }
  // One byte separates name and text; blanks alone are no text.
  const isEmpty = skipBlanks(body, name.behind) >= end;
  const textStart = isEmpty ? end : name.behind + 1;
  return checked(body, { keyword, ...name, textStart }, end, textTypes);
}

/** Reads the comment of an OpenMetrics body whose `#` is at `start`, unless it is `# EOF`. */
export function readOpenMetricsComment(body: Uint8Array, start: number): CommentLine {
  const lineFeed = body.indexOf(newline, start);
  const keyword = keywordAt(body, start + 2);
  if (body[start + 1] !== blank || body[start + 6] !== blank || keyword === undefined) {
    const what = 'a # is followed by a blank and HELP, TYPE, UNIT or EOF';
    return { lineFeed, problem: { code: 'EXPOSITION_BAD_START', what } };
  }
  const name = readName(body, start + 7);
  if (name === undefined) return badName(keyword, lineFeed);
  const end = body.indexOf(newline, name.behind);
  if (body[name.behind] !== blank) {
    const what = `a blank is expected behind the name after # ${keyword}`;
    return { lineFeed: end, problem: { code: 'EXPOSITION_BAD_METADATA', what } };
  }
  const metadata = { keyword, ...name, textStart: name.behind + 1 };
  return checked(body, metadata, end, openMetricsTypes);
}

/** Adds what the (valid) line in `[start, end)` says, if it is metadata. */
export function collectMetadata(
  families: Map<string, FamilyMetadata>,
  body: Uint8Array,
  start: number,
  format: ExpositionFormat,
): void {
  const at = format === 'text' ? skipBlanks(body, start) : start;
  const line = format === 'text' ? readTextComment(body, at) : readOpenMetricsComment(body, at);
  const { metadata, lineFeed } = line;
  if (metadata === undefined || line.problem !== undefined) return;
  const name = unescapeText(decodeUtf8(body, metadata.nameStart, metadata.nameEnd) ?? '');
  const text = decodeUtf8(body, metadata.textStart, lineFeed) ?? '';
  const family = families.get(name) ?? { type: undefined, help: undefined, unit: undefined };
  families.set(name, family);
  if (metadata.keyword === 'TYPE') family.type = text;
  else if (metadata.keyword === 'UNIT') family.unit = text;
  else family.help = format === 'text' ? unescapeHelp(text) : unescapeText(text);
}

function badName(keyword: Keyword, lineFeed: number): CommentLine {
  const what = `a metric name is expected after # ${keyword}`;
  return { lineFeed, problem: { code: 'EXPOSITION_BAD_METADATA', what } };
}

function checked(
  body: Uint8Array,
  metadata: MetadataLine,
  lineFeed: number,
  types: readonly string[],
): CommentLine {
  const problem = problemOf(body, metadata, lineFeed, types);
  return problem === undefined ? { lineFeed, metadata } : { lineFeed, metadata, problem };
}

function problemOf(
  body: Uint8Array,
  line: MetadataLine,
  lineFeed: number,
  types: readonly string[],
): MetadataProblem | undefined {
  const text = decodeUtf8(body, line.textStart, lineFeed);
  switch (line.keyword) {
    case 'HELP':
      if (text !== undefined) return undefined;
      return { code: 'EXPOSITION_BAD_UTF8', what: 'the help text is not UTF-8' };
    case 'TYPE':
      if (text !== undefined && types.includes(text)) return undefined;
      return { code: 'EXPOSITION_BAD_TYPE', what: `the type must be one of ${types.join(', ')}` };
    case 'UNIT':
      if (isUnitOf(body, line, lineFeed)) return undefined;
      return { code: 'EXPOSITION_BAD_UNIT', what: 'the name must end in _ and the unit' };
  }
}

/** Whether the name ends in an underscore and the text behind it, or there is no text. */
function isUnitOf(body: Uint8Array, line: MetadataLine, lineFeed: number): boolean {
  const length = lineFeed - line.textStart;
  if (length === 0) return true;
  const start = line.nameEnd - length;
  if (start - 1 < line.nameStart || body[start - 1] !== 0x5f) return false;
  for (let at = 0; at < length; at++) {
    if (body[start + at] !== body[line.textStart + at]) return false;
  }
  return true;
}

function keywordAt(body: Uint8Array, at: number): Keyword | undefined {
  const word = String.fromCharCode(body[at]!, body[at + 1]!, body[at + 2]!, body[at + 3]!);
  return word === 'HELP' || word === 'TYPE' || word === 'UNIT' ? word : undefined;
}

/** The bare or quoted name at `start`, without its quotes, and the offset behind it. */
function readName(
  body: Uint8Array,
  start: number,
): { nameStart: number; nameEnd: number; behind: number } | undefined {
  if (body[start] === quote) {
    const end = quotedNameEnd(body, start + 1);
    return end < 0 ? undefined : { nameStart: start + 1, nameEnd: end, behind: end + 1 };
  }
  if (!isNameStart(body[start]!)) return undefined;
  let end = start + 1;
  while (isNamePart(body[end]!)) end++;
  return { nameStart: start, nameEnd: end, behind: end };
}

/** In help texts of the text format only the backslash and the newline are escaped. */
function unescapeHelp(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\[\\n]/g, (escape) => (escape === '\\n' ? '\n' : '\\'));
}
