import { backslash, isNamePart, isNameStart, skipBlanks } from './bytes.ts';
import type { ExpositionErrorCode } from './errors.ts';
import { decodeUtf8 } from './text.ts';

export type FamilyType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped';

/** What an exporter says about a family of metrics. */
export interface FamilyMetadata {
  type: FamilyType | undefined;
  help: string | undefined;
}

const types: readonly string[] = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];

/** A `# HELP` or `# TYPE` line, taken apart. */
interface MetadataLine {
  keyword: 'HELP' | 'TYPE';
  family: string;
  nameEnd: number;
  textStart: number;
}

/** What is wrong with the comment in `[start, end)`; ordinary comments are always right. */
export function checkMetadata(
  body: Uint8Array,
  start: number,
  end: number,
): { code: ExpositionErrorCode; what: string } | undefined {
  const keyword = keywordAt(body, start, end);
  if (keyword === undefined) return undefined;
  const line = splitMetadata(body, keyword.keyword, keyword.nameStart, end);
  if (line === undefined) {
    const what = `a metric name is expected after # ${keyword.keyword}`;
    return { code: 'EXPOSITION_BAD_METADATA', what };
  }
  if (body[line.nameEnd] === 0) {
    return { code: 'EXPOSITION_BAD_METADATA', what: 'a NUL byte behind a metric name' };
  }
  const text = decodeUtf8(body, line.textStart, end);
  if (line.keyword === 'HELP') {
    if (text !== undefined) return undefined;
    return { code: 'EXPOSITION_BAD_UTF8', what: 'the help text is not UTF-8' };
  }
  if (text !== undefined && types.includes(text)) return undefined;
  return {
    code: 'EXPOSITION_BAD_TYPE',
    what: 'the type must be counter, gauge, histogram, summary or untyped',
  };
}

/** Adds what the (valid) comment in `[start, end)` says to `families`. */
export function collectMetadata(
  families: Map<string, FamilyMetadata>,
  body: Uint8Array,
  start: number,
  end: number,
): void {
  const at = skipBlanks(body, start);
  const keyword = keywordAt(body, at, end);
  if (keyword === undefined) return;
  const line = splitMetadata(body, keyword.keyword, keyword.nameStart, end);
  if (line === undefined) return;
  const family = families.get(line.family) ?? { type: undefined, help: undefined };
  families.set(line.family, family);
  const text = decodeUtf8(body, line.textStart, end) ?? '';
  if (line.keyword === 'TYPE') family.type = text as FamilyType;
  else family.help = unescapeHelp(text);
}

/** The keyword of a comment that is metadata, and where the family's name should start. */
function keywordAt(
  body: Uint8Array,
  start: number,
  end: number,
): { keyword: 'HELP' | 'TYPE'; nameStart: number } | undefined {
  const at = skipBlanks(body, start + 1);
  if (at === start + 1 || end - at < 5) return undefined;
  const nameStart = skipBlanks(body, at + 4);
  if (nameStart === at + 4) return undefined;
  const word = String.fromCharCode(body[at]!, body[at + 1]!, body[at + 2]!, body[at + 3]!);
  return word === 'HELP' || word === 'TYPE' ? { keyword: word, nameStart } : undefined;
}

function splitMetadata(
  body: Uint8Array,
  keyword: 'HELP' | 'TYPE',
  nameStart: number,
  end: number,
): MetadataLine | undefined {
  if (!isNameStart(body[nameStart]!)) return undefined;
  let nameEnd = nameStart + 1;
  while (isNamePart(body[nameEnd]!)) nameEnd++;
  const family = decodeUtf8(body, nameStart, nameEnd) ?? '';
  // One byte separates name and text; blanks alone are no text.
  const isEmpty = skipBlanks(body, nameEnd) >= end;
  return { keyword, family, nameEnd, textStart: isEmpty ? end : nameEnd + 1 };
}

/** In help texts only the backslash and the newline are escaped. */
function unescapeHelp(text: string): string {
  if (!text.includes(String.fromCharCode(backslash))) return text;
  return text.replace(/\\[\\n]/g, (escape) => (escape === '\\n' ? '\n' : '\\'));
}
