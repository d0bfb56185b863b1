import { assert } from '../../runtime/index.ts';
import type { Labels } from '../labels.ts';
import { firstEntries, grownSize, grownTableSize } from './grown-size.ts';
import { lastGeneration, maxSlots, slotBits } from './limits.ts';
import { SeriesCounts, type LabelCount, type SeriesCount } from './series-counts.ts';
import { SymbolTable } from './symbols.ts';

const slotMask = maxSlots - 1;
/** Series that wait for their entries in the hash table: so many that making those waits for memory together. */
const maxWaiting = 256;
/** Longer label sets are looked up with longer lists. */
const initialWanted = 64;

/**
 * The series of the head by slot: label sets as pairs of symbol numbers in one slab, references,
 * and a hash table from label set to slot. A lookup makes no objects.
 */
export class SeriesTable {
  readonly symbols = new SymbolTable();
  /** Series in use. */
  count = 0;
  /** Slots in use are below this; slot 0 is never used. */
  slotEnd = 1;
  /** Reference of the series in a slot; 0 for a free slot. */
  refs = new Uint32Array(firstEntries);
  /** Place and length of the label set in {@link pairs}. */
  pairsAt = new Uint32Array(firstEntries);
  pairsLength = new Uint16Array(firstEntries);
  /** Symbol numbers: name, value, name, value. */
  pairs = new Int32Array(firstEntries);

  /** Generation that the next user of a slot gets; while in use, its own. */
  #generation = new Uint16Array(firstEntries);
  #hash = new Int32Array(firstEntries);
  readonly #counts = new SeriesCounts();
  #pairsEnd = 0;
  /** Freed places in the slab by their length. */
  readonly #freePairs: (number[] | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  /** Open addressing, linear probing; entries are slots, 0 is empty. */
  #table = new Uint32Array(2 * firstEntries);
  /** Slots of series that wait for their entries. */
  readonly #waiting = new Uint32Array(maxWaiting);
  #waitingCount = 0;
  #wanted = new Int32Array(initialWanted);
  /** The texts whose symbols stand in `#wanted`, where that is not -1. */
  #wantedTexts = noTexts(initialWanted);
  /** The labels whose symbols {@link find} has left in `#wanted`, -1 for those that do not exist. */
  #found: Labels | undefined;

  /** What {@link findVariant} has looked for: symbols, -1 for a value that has none. */
  #variant = new Int32Array(initialWanted);
  #variantLength = 0;
  /** The label that it looked for last, and its symbol. */
  #variantName: string | undefined;
  #variantNameId = -1;

  get capacity(): number {
    return this.refs.length;
  }

  /** Whether there is a slot for one more series. */
  get hasRoom(): boolean {
    return this.#freeSlots.length > 0 || this.slotEnd < maxSlots;
  }

  /** Slot of a live reference, or 0. */
  slotOf(ref: number): number {
    const slot = ref & slotMask;
    return ref !== 0 && this.refs[slot] === ref ? slot : 0;
  }

  /** Slot of the series with these labels, or 0. */
  find(labels: Labels): number {
    const length = labels.length;
    if (length > this.#wanted.length) {
      this.#wanted = new Int32Array(2 * length);
      this.#wantedTexts = noTexts(2 * length);
    }
    const wanted = this.#wanted;
    const texts = this.#wantedTexts;
    let isKnown = true;
    for (let at = 0; at < length; at++) {
      const text = labels[at]!;
      // Series that are looked up in a row share most of their labels.
      if (texts[at] === text && wanted[at]! >= 0) continue;
      const id = this.symbols.find(text);
      if (id < 0) isKnown = false;
      wanted[at] = id;
      texts[at] = text;
    }
    // Who does not find a series mostly adds it next.
    this.#found = labels;
    return isKnown ? this.#probe(wanted, length, hashOf(wanted, 0, length)) : 0;
  }

  /**
   * Slot of the series that is as that in `slot` but for the value of its label `name`; 0 when there is
   * none, -1 when the one in `slot` has no such label.
   */
  findVariant(slot: number, name: string, value: string): number {
    const start = this.pairsAt[slot]!;
    const length = this.pairsLength[slot]!;
    const { pairs } = this;
    if (name !== this.#variantName) {
      this.#variantName = name;
      this.#variantNameId = this.symbols.find(name);
    }
    const nameId = this.#variantNameId;
    let at = 0;
    while (at < length && pairs[start + at] !== nameId) at += 2;
    if (at >= length) return -1;
    if (length > this.#variant.length) this.#variant = new Int32Array(2 * length);
    const variant = this.#variant;
    for (let index = 0; index < length; index++) variant[index] = pairs[start + index]!;
    const valueId = this.symbols.find(value);
    variant[at + 1] = valueId;
    this.#variantLength = length;
    return valueId < 0 ? 0 : this.#probe(variant, length, hashOf(variant, 0, length));
  }

  /**
   * Takes a slot for the series with the value `value` that {@link findVariant} has just not found; its
   * columns must be reset.
   */
  addVariant(value: string): number {
    const slot = this.#freeSlots.pop() ?? this.slotEnd;
    const ref = ((this.#generation[slot]! << slotBits) | slot) >>> 0;
    const length = this.#variantLength;
    const at = this.#takeSlot(slot, length, ref);
    const { symbols, pairs } = this;
    for (let index = 0; index < length; index++) {
      const id = this.#variant[index]!;
      pairs[at + index] = id < 0 ? symbols.acquireNew(value) : symbols.acquireId(id);
    }
    this.#link(slot);
    return slot;
  }

  /** Metric name of the series in a slot: the same string each time. */
  metricOf(slot: number): string {
    return this.#counts.metricOf(this, this.pairsAt[slot]!, this.pairsLength[slot]!);
  }

  /** Labels of the series in a slot, as a new list. */
  labels(slot: number): string[] {
    const result: string[] = [];
    const end = this.pairsAt[slot]! + this.pairsLength[slot]!;
    for (let at = this.pairsAt[slot]!; at < end; at++) {
      result.push(this.symbols.text(this.pairs[at]!));
    }
    return result;
  }

  /**
   * Takes a slot for a series that {@link find} does not know; its columns must be reset. Between
   * asking and adding the list of labels must not change.
   */
  add(labels: Labels): number {
    const slot = this.#freeSlots.pop() ?? this.slotEnd;
    this.reserve(slot + 1);
    this.addAt(slot, labels, ((this.#generation[slot]! << slotBits) | slot) >>> 0);
    return slot;
  }

  /** As {@link add}, for a free slot and with a reference that the caller chose. */
  addAt(slot: number, labels: Labels, ref: number): void {
    const at = this.#takeSlot(slot, labels.length, ref);
    const ids = this.#found === labels ? this.#wanted : undefined;
    for (let index = 0; index < labels.length; index++) {
      const known = ids?.[index] ?? -1;
      const id = known < 0 ? this.symbols.acquire(labels[index]!) : this.symbols.acquireId(known);
      this.pairs[at + index] = id;
      if (ids !== undefined) ids[index] = id;
    }
    this.#link(slot);
  }

  /** Forgets a series: its reference is dead for ever, its slot may be used again. */
  remove(slot: number): void {
    // Symbols that go with it may be given out again.
    this.#found = undefined;
    this.#variantName = undefined;
    this.#wanted.fill(-1);
    this.#unlink(slot);
    const at = this.pairsAt[slot]!;
    const length = this.pairsLength[slot]!;
    this.#counts.change(this, at, length, -1);
    for (let index = at; index < at + length; index++) this.symbols.release(this.pairs[index]!);
    (this.#freePairs[length] ??= []).push(at);
    this.refs[slot] = 0;
    this.count--;
    this.#generation[slot]!++;
    if (this.#generation[slot]! <= lastGeneration) this.#freeSlots.push(slot);
  }

  /** The `limit` metrics with the most series, largest first. */
  topMetrics(limit: number): SeriesCount[] {
    return this.#counts.topMetrics(this.symbols, limit);
  }

  /** The `limit` label names with the most series, largest first; counts their values now. */
  topLabels(limit: number): LabelCount[] {
    return this.#counts.topLabels(this, limit);
  }

  /** Remembers that a reference was used before this process, so that it is not given out again. */
  noteRef(ref: number): void {
    const slot = ref & slotMask;
    this.reserve(slot + 1);
    this.#generation[slot] = Math.max(this.#generation[slot]!, ref >>> slotBits);
  }

  /** Gives the series in a slot a reference that was never used. */
  renewRef(slot: number): number {
    const generation = Math.min(++this.#generation[slot]!, lastGeneration);
    return (this.refs[slot] = ((generation << slotBits) | slot) >>> 0);
  }

  /** Rebuilds the list of free slots after slots were taken by number ({@link addAt}). */
  collectFreeSlots(): void {
    this.#freeSlots.length = 0;
    for (let slot = this.slotEnd - 1; slot > 0; slot--) {
      if (this.refs[slot] !== 0) continue;
      if (++this.#generation[slot]! <= lastGeneration) this.#freeSlots.push(slot);
    }
  }

  /** Makes room for slots below `slots`. */
  reserve(slots: number): void {
    if (slots <= this.refs.length) return;
    const size = Math.min(maxSlots, grownSize(this.refs.length, slots));
    const { refs, pairsAt, pairsLength } = this;
    const generation = this.#generation;
    const hash = this.#hash;
    (this.refs = new Uint32Array(size)).set(refs);
    (this.pairsAt = new Uint32Array(size)).set(pairsAt);
    (this.pairsLength = new Uint16Array(size)).set(pairsLength);
    (this.#generation = new Uint16Array(size)).set(generation);
    (this.#hash = new Int32Array(size)).set(hash);
  }

  /** Used part of {@link pairs}. */
  get pairsEnd(): number {
    return this.#pairsEnd;
  }

  /** Takes a free slot and a place for `length` symbols, which it returns. */
  #takeSlot(slot: number, length: number, ref: number): number {
    assert(slot < maxSlots, 'no series slot is left');
    this.reserve(slot + 1);
    assert(this.refs[slot] === 0 && ref !== 0, 'the series slot is in use');
    this.refs[slot] = ref;
    if (slot >= this.slotEnd) this.slotEnd = slot + 1;
    const at = this.#takePairs(length);
    this.pairsAt[slot] = at;
    this.pairsLength[slot] = length;
    return at;
  }

  /** Makes the series in a slot, whose symbols are in place, be found and counted. */
  #link(slot: number): void {
    const at = this.pairsAt[slot]!;
    const length = this.pairsLength[slot]!;
    this.#counts.change(this, at, length, 1);
    this.#hash[slot] = hashOf(this.pairs, at, length);
    this.count++;
    if (this.#waitingCount === maxWaiting) this.#enter();
    this.#waiting[this.#waitingCount++] = slot;
  }

  /** Makes the entries of the series that wait: nobody looks for a series one of whose texts is new. */
  #enter(): void {
    const count = this.#waitingCount;
    this.#waitingCount = 0;
    if (2 * this.count > this.#table.length) this.#rebuildTable();
    else for (let at = 0; at < count; at++) this.#insert(this.#waiting[at]!);
  }

  #takePairs(length: number): number {
    const freed = this.#freePairs[length]?.pop();
    if (freed !== undefined) return freed;
    const at = this.#pairsEnd;
    this.#pairsEnd += length;
    if (this.#pairsEnd > this.pairs.length) {
      const { pairs } = this;
      this.pairs = new Int32Array(grownSize(pairs.length, this.#pairsEnd));
      this.pairs.set(pairs);
    }
    return at;
  }

  #probe(wanted: Int32Array, length: number, hash: number): number {
    if (this.#waitingCount > 0) this.#enter();
    const table = this.#table;
    const mask = table.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = table[at]!;
      if (slot === 0) return 0;
      if (this.#hash[slot] === hash && this.#hasPairs(slot, wanted, length)) return slot;
    }
  }

  #hasPairs(slot: number, wanted: Int32Array, length: number): boolean {
    if (this.pairsLength[slot] !== length) return false;
    const start = this.pairsAt[slot]!;
    for (let at = 0; at < length; at++) if (this.pairs[start + at] !== wanted[at]) return false;
    return true;
  }

  #insert(slot: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let at = this.#hash[slot]! & mask;
    while (table[at] !== 0) at = (at + 1) & mask;
    table[at] = slot;
  }

  /** Takes a slot out of the table and closes the gap, so that no markers pile up. */
  #unlink(slot: number): void {
    if (this.#waitingCount > 0) this.#enter();
    const table = this.#table;
    const mask = table.length - 1;
    let gap = this.#hash[slot]! & mask;
    while (table[gap] !== slot) gap = (gap + 1) & mask;
    for (let at = (gap + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
      const home = this.#hash[table[at]!]! & mask;
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      table[gap] = table[at]!;
      gap = at;
    }
    table[gap] = 0;
  }

  #rebuildTable(): void {
    this.#table = new Uint32Array(grownTableSize(this.#table.length, this.count));
    for (let slot = 1; slot < this.slotEnd; slot++) {
      if (this.refs[slot] !== 0) this.#insert(slot);
    }
  }
}

/** Texts that no label has at its place; one is read for every label, so that none may be missing. */
function noTexts(count: number): string[] {
  return Array.from({ length: count }, () => '');
}

function hashOf(ids: Int32Array, start: number, length: number): number {
  let hash = length;
  for (let at = start; at < start + length; at++) {
    hash = Math.imul(hash ^ ids[at]!, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 13), 0x85ebca6b);
  return hash ^ (hash >>> 16);
}
