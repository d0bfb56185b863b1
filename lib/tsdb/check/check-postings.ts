import { ByteReader, compareUtf8 } from '../../bytes/index.ts';
import type { ByteSource } from '../byte-source.ts';
import { TsdbError } from '../errors.ts';
import type { IndexToc } from '../index/index.ts';
import { quoted, type Findings } from './finding.ts';
import { maxTrackedPairs } from './limits.ts';
import { ListPrints } from './list-prints.ts';
import { checkPadding, readSection } from './section.ts';
import type { SeriesPairs } from './series-pairs.ts';

const alignment = 4;

/** The postings lists of an index in the order of their offsets. */
class PostingsLists {
  readonly prints = new ListPrints();
  #offsets = new Float64Array(1024);
  #isListed = new Uint8Array(1024);

  add(offset: number): number {
    const list = this.prints.start();
    if (list === this.#offsets.length) {
      const offsets = new Float64Array(2 * list);
      offsets.set(this.#offsets);
      const isListed = new Uint8Array(2 * list);
      isListed.set(this.#isListed);
      this.#offsets = offsets;
      this.#isListed = isListed;
    }
    this.#offsets[list] = offset;
    return list;
  }

  /** Number of the list that begins at `offset`. */
  find(offset: number): number | undefined {
    let low = 0;
    let high = this.prints.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#offsets[middle]! < offset) low = middle + 1;
      else high = middle;
    }
    return low < this.prints.length && this.#offsets[low] === offset ? low : undefined;
  }

  /** Notes that the table names the list; false when it had done so before. */
  mark(list: number): boolean {
    if (this.#isListed[list] === 1) return false;
    this.#isListed[list] = 1;
    return true;
  }

  *unlisted(): Generator<number> {
    for (let list = 0; list < this.prints.length; list++) {
      if (this.#isListed[list] === 0) yield this.#offsets[list]!;
    }
  }
}

/** Checks postings and their table, against the series when `pairs` is given. */
export class PostingsCheck {
  readonly #source: ByteSource;
  readonly #toc: IndexToc;
  readonly #path: string;
  readonly #findings: Findings;
  readonly #symbols: readonly string[] | undefined;
  /** Undefined when not all series could be read. */
  readonly #pairs: SeriesPairs | undefined;
  readonly #lists = new PostingsLists();
  /** Numbers of those lists of the series that the table names. */
  readonly #seen = new Set<number>();
  #areListsWhole = true;

  constructor(
    source: ByteSource,
    toc: IndexToc,
    path: string,
    findings: Findings,
    symbols: readonly string[] | undefined,
    pairs: SeriesPairs | undefined,
  ) {
    this.#source = source;
    this.#toc = toc;
    this.#path = path;
    this.#findings = findings;
    this.#symbols = symbols;
    this.#pairs = pairs;
  }

  /** Checks the lists in `[toc.postings, end)`, then the table, which ends at `tableEnd`. */
  run(end: number, tableEnd: number): void {
    this.#walkLists(end);
    const isTableWhole = this.#findings.guard(
      this.#path,
      () => this.#checkTable(tableEnd),
      this.#toc.postingsTable,
    );
    if (isTableWhole !== true || !this.#areListsWhole) return;
    for (const offset of this.#lists.unlisted()) {
      this.#error('CHECK_TRAILING', 'a postings list that the table does not name', offset);
    }
  }

  #walkLists(end: number): void {
    let at = this.#toc.postings;
    while (at < end) {
      const start = Math.ceil(at / alignment) * alignment;
      checkPadding(this.#source, at, Math.min(start, end), this.#path, this.#findings);
      if (start >= end) return;
      const next = this.#findings.guard(this.#path, () => this.#list(start, end), start);
      if (next === undefined) {
        // Without its length nobody knows where the next list begins.
        this.#areListsWhole = false;
        return;
      }
      at = next;
      if (this.#lists.prints.length <= maxTrackedPairs) continue;
      this.#areListsWhole = false;
      this.#findings.note('CHECK_SKIPPED', this.#path, 'too many postings lists: not compared', at);
      return;
    }
  }

  /** Checks the list at `start` and returns the byte behind it. */
  #list(start: number, limit: number): number {
    const { content, end } = readSection(this.#source, start, limit);
    const reader = new ByteReader(content);
    const count = reader.u32be();
    if (count * 4 !== reader.remaining) {
      this.#error('TSDB_CORRUPT', 'postings count differs from its length', start);
    }
    const { prints } = this.#lists;
    const list = this.#lists.add(start);
    let previous = -1;
    while (reader.remaining >= 4) {
      const ref = reader.u32be();
      if (ref <= previous) this.#error('CHECK_ORDER', 'postings do not ascend', start);
      prints.add(list, (previous = ref));
    }
    return end;
  }

  #checkTable(tableEnd: number): boolean {
    const start = this.#toc.postingsTable;
    const { content, end } = readSection(this.#source, start, tableEnd);
    if (end !== tableEnd) {
      this.#error('CHECK_TRAILING', 'bytes between the postings table and the contents', end);
    }
    const reader = new ByteReader(content);
    const count = reader.u32be();
    let last: [string, string] | undefined;
    for (let met = 0; met < count; met++) {
      const kind = reader.uvarint();
      const entry: [string, string] = [reader.str(), reader.str()];
      const offset = reader.uvarint();
      reader.check();
      if (kind !== 2) throw corrupt('postings table entry of another kind', start);
      this.#checkTableOrder(last, entry);
      this.#checkEntry(entry, offset);
      last = entry;
    }
    reader.check();
    if (reader.remaining > 0) throw corrupt('postings table: bytes left over', start);
    this.#tellMissing();
    return true;
  }

  #checkTableOrder(last: [string, string] | undefined, entry: [string, string]): void {
    const start = this.#toc.postingsTable;
    if (last === undefined) {
      if (entry[0] === '' && entry[1] === '') return;
      this.#error('CHECK_ORDER', 'the postings table does not begin with all series', start);
      return;
    }
    const order = compareUtf8(last[0], entry[0]) || compareUtf8(last[1], entry[1]);
    if (order < 0) return;
    const message = `postings table: ${pairText(entry)} does not stand behind ${pairText(last)}`;
    this.#error('CHECK_ORDER', message, start);
  }

  /** Checks one entry of the table against its list and the list against the series. */
  #checkEntry(entry: [string, string], offset: number): void {
    const list = this.#lists.find(offset);
    if (list === undefined) {
      if (!this.#areListsWhole) return;
      const message = `postings of ${pairText(entry)} are said to be where no list begins`;
      this.#error('CHECK_REFERENCE', message, offset);
      return;
    }
    if (!this.#lists.mark(list)) {
      this.#error('CHECK_REFERENCE', `postings of ${pairText(entry)} are those of another`, offset);
    }
    this.#compare(entry, list, offset);
  }

  #compare(entry: [string, string], list: number, offset: number): void {
    const comparable = this.#comparable();
    if (comparable === undefined) return;
    const { pairs, symbols } = comparable;
    const wanted = wantedList(pairs, symbols, entry);
    if (wanted === undefined) {
      const message = `postings of ${pairText(entry)}, which no series has`;
      this.#error('CHECK_POSTINGS', message, offset);
      return;
    }
    this.#seen.add(wanted);
    const { prints } = this.#lists;
    if (pairs.prints.isSame(wanted, prints, list)) return;
    const counts = `they list ${String(prints.count(list))}, ${String(pairs.prints.count(wanted))} have it`;
    const message = `postings of ${pairText(entry)} differ from the series: ${counts}`;
    this.#error('CHECK_POSTINGS', message, offset);
  }

  /** What the series say of the postings; undefined when they do not say all. */
  #comparable(): { pairs: SeriesPairs; symbols: readonly string[] } | undefined {
    const pairs = this.#pairs;
    const symbols = this.#symbols;
    if (pairs === undefined || pairs.isOverfull || symbols === undefined) return undefined;
    return { pairs, symbols };
  }

  #tellMissing(): void {
    const comparable = this.#comparable();
    if (comparable === undefined) {
      const message = 'postings were not compared with the series';
      this.#findings.note('CHECK_SKIPPED', this.#path, message, this.#toc.postings);
      return;
    }
    const tell = (pair: string): void => {
      const message = `there are no postings of ${pair}`;
      this.#error('CHECK_POSTINGS', message, this.#toc.postingsTable);
    };
    const { pairs, symbols } = comparable;
    if (!this.#seen.has(pairs.all)) tell('all series');
    for (const [name, value, list] of pairs.entries()) {
      if (!this.#seen.has(list)) tell(pairText([symbols[name]!, symbols[value]!]));
    }
  }

  #error(code: string, message: string, offset: number): void {
    this.#findings.error(code, this.#path, message, offset);
  }
}

/** Number of the list that a pair should have. */
function wantedList(
  pairs: SeriesPairs,
  symbols: readonly string[],
  [name, value]: [string, string],
): number | undefined {
  if (name === '' && value === '') return pairs.all;
  const nameAt = symbolAt(symbols, name);
  const valueAt = symbolAt(symbols, value);
  return nameAt === undefined || valueAt === undefined ? undefined : pairs.find(nameAt, valueAt);
}

/** Position of a text in the sorted symbols. */
function symbolAt(symbols: readonly string[], text: string): number | undefined {
  let low = 0;
  let high = symbols.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareUtf8(symbols[middle]!, text) < 0) low = middle + 1;
    else high = middle;
  }
  return symbols[low] === text ? low : undefined;
}

function pairText([name, value]: [string, string]): string {
  return name === '' && value === '' ? 'all series' : `${quoted(name)}=${quoted(value)}`;
}

function corrupt(message: string, offset: number): TsdbError {
  return new TsdbError('TSDB_CORRUPT', message, { offset });
}
