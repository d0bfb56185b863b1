import { commentRef } from './line-layout.ts';
import { readOpenMetricsComment } from './metadata.ts';
import { ParsedBody } from './parsed-body.ts';
import type { SeriesTokens } from './series-tokens.ts';
import { asciiText } from './text.ts';

const suffix = '_created';

/** Types whose families carry the time of their creation. */
const typesWithCreation: readonly string[] = ['counter', 'histogram', 'gaugehistogram', 'summary'];

/** The name in a TYPE line, and whether families of the type carry times of creation. */
interface FamilyLine {
  start: number;
  end: number;
  hasCreation: boolean;
}

/**
 * Tells which series of an OpenMetrics body only say when another one was created: those named
 * `<family>_created` behind a TYPE line of a family that has such times. They are no measurements,
 * and are left out as Prometheus 3 does it.
 */
export class CreatedSeries {
  #body = new ParsedBody();
  /** Lines before this were searched for the newest TYPE line, which is the one below. */
  #searched = 0;
  #type: FamilyLine | undefined;

  /** Turns to another body. */
  reset(body: ParsedBody): void {
    this.#body = body;
    this.#searched = 0;
    this.#type = undefined;
  }

  /** Whether the series on the line behind the last one that was read is of this kind. */
  has({ nameStart, nameEnd }: SeriesTokens): boolean {
    const { bytes } = this.#body;
    const familyEnd = nameEnd - suffix.length;
    if (familyEnd <= nameStart || asciiText(bytes, familyEnd, nameEnd) !== suffix) return false;
    const type = this.#findType();
    if (type?.hasCreation !== true || type.end - type.start !== familyEnd - nameStart) return false;
    for (let at = nameStart, other = type.start; at < familyEnd; at++, other++) {
      if (bytes[at] !== bytes[other]) return false;
    }
    return true;
  }

  /** The newest TYPE line; each line is searched once. */
  #findType(): FamilyLine | undefined {
    const { layout, count } = this.#body;
    for (let line = count - 1; line >= this.#searched; line--) {
      if (layout.ref[line] === commentRef && this.#takeType(this.#body.start(line))) break;
    }
    this.#searched = count;
    return this.#type;
  }

  #takeType(start: number): boolean {
    const { bytes } = this.#body;
    if (bytes[start] !== 35) return false;
    const { metadata, lineFeed } = readOpenMetricsComment(bytes, start);
    if (metadata?.keyword !== 'TYPE') return false;
    const type = asciiText(bytes, metadata.textStart, lineFeed);
    const { nameStart, nameEnd } = metadata;
    this.#type = { start: nameStart, end: nameEnd, hasCreation: typesWithCreation.includes(type) };
    return true;
  }
}
