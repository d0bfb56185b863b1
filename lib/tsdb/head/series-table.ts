import { assert } from '../../runtime/index.ts';
import type { Labels } from '../labels.ts';
import { firstEntries, grownSize } from './grown-size.ts';
import { lastGeneration, maxSlots, slotBits } from './limits.ts';
import { SeriesCounts, type LabelCount, type SeriesCount } from './series-counts.ts';
import { hashOfIds, SeriesIndex } from './series-index.ts';
import type { SeriesVariants } from './series-variants.ts';
import { SymbolTable } from './symbols.ts';

const slotMask = maxSlots - 1;
/** Longer label sets are looked up with longer lists. */
const initialWanted = 64;

/**
 * The series of the head by slot: label sets as pairs of symbol numbers in one slab, references,
 * and an index from label set to slot. A lookup makes no objects.
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
  readonly #index = new SeriesIndex(this);
  readonly #counts = new SeriesCounts();
  #pairsEnd = 0;
  /** Freed places in the slab by their length. */
  readonly #freePairs: (number[] | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  #wanted = new Int32Array(initialWanted);
  /** The texts whose symbols stand in `#wanted`, where that is not -1. */
  #wantedTexts = noTexts(initialWanted);
  /** The labels whose symbols {@link find} has left in `#wanted`, -1 for those that do not exist. */
  #found: Labels | undefined;

  /** What {@link findVariant} has looked for: symbols, -1 for a value that has none. */
  #variant = new Int32Array(initialWanted);
  #variantLength = 0;
  /** Hash of the value. */
  #variantHash = 0;
  /** The label that it looked for last, and its symbol. */
  #variantName: string | undefined;
  #variantNameId = -1;
  /** What {@link addVariants} knows of each: where its value stands, its symbol, and whether that is new. */
  #places = new Int32Array(initialWanted);
  #valueIds = new Int32Array(initialWanted);
  #areNewValues = new Uint8Array(initialWanted);

  get capacity(): number {
    return this.refs.length;
  }

  /** Whether there are slots for `count` more series. */
  hasRoom(count = 1): boolean {
    return this.#freeSlots.length + maxSlots - this.slotEnd >= count;
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
    return isKnown ? this.#index.find(wanted, length) : 0;
  }

  /**
   * Slot of the series that is as that in `slot` but for the value of its label `name`; 0 when there is
   * none, -1 when the one in `slot` has no such label.
   */
  findVariant(slot: number, name: string, value: string): number {
    const place = this.#placeOfValue(slot, name);
    if (place < 0) return -1;
    this.#variantHash = this.symbols.hashOf(value);
    const valueId = this.symbols.findHashed(value, this.#variantHash);
    this.#makeVariant(slot, place, valueId);
    return valueId < 0 ? 0 : this.#index.find(this.#variant, this.#variantLength);
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
      pairs[at + index] =
        id < 0 ? symbols.acquireNew(value, this.#variantHash) : symbols.acquireId(id);
    }
    this.#link(slot);
    return slot;
  }

  /**
   * Finds each of `variants`, or adds it; returns how many were added, whose columns must be reset. There must
   * be slots for all of them. One thing is done for all before the next, in a loop of its own: code and memory
   * of each are then at hand, and the engine compiles soon what does nothing else.
   */
  addVariants(variants: SeriesVariants): number {
    const { count, values, added } = variants;
    this.#reserveVariants(count);
    this.reserve(Math.min(maxSlots, this.slotEnd + count));
    this.#findPlaces(variants);
    this.symbols.acquireEach(values, count, this.#places, this.#valueIds, this.#areNewValues);
    const addedCount = this.#addEach(variants);
    this.#counts.addEach(this, added, addedCount);
    return addedCount;
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
    this.#index.delete(slot);
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
    (this.refs = new Uint32Array(size)).set(refs);
    (this.pairsAt = new Uint32Array(size)).set(pairsAt);
    (this.pairsLength = new Uint16Array(size)).set(pairsLength);
    (this.#generation = new Uint16Array(size)).set(generation);
    this.#index.reserve(size);
  }

  /** Used part of {@link pairs}. */
  get pairsEnd(): number {
    return this.#pairsEnd;
  }

  /** Where among the symbols of the series in a slot the value of a label is, or -1. */
  #placeOfValue(slot: number, name: string): number {
    if (name !== this.#variantName) {
      this.#variantName = name;
      this.#variantNameId = this.symbols.find(name);
    }
    const nameId = this.#variantNameId;
    const { pairs } = this;
    const start = this.pairsAt[slot]!;
    const length = this.pairsLength[slot]!;
    let at = 0;
    while (at < length && pairs[start + at] !== nameId) at += 2;
    return at < length ? at + 1 : -1;
  }

  /** Finds where the value of each of `variants` stands in the one that it is like, or -1. */
  #findPlaces({ count, refs, name, values, found }: SeriesVariants): void {
    const places = this.#places;
    for (let at = 0; at < count; at++) {
      const slot = this.slotOf(refs[at]!);
      places[at] = slot === 0 || values[at] === '' ? -1 : this.#placeOfValue(slot, name);
      found[at] = -1;
    }
  }

  /** Adds those of `variants` that are not there; their values have a symbol each, which gained a use. */
  #addEach({ count, refs, found, added }: SeriesVariants): number {
    const places = this.#places;
    let addedCount = 0;
    for (let at = 0; at < count; at++) {
      const place = places[at]!;
      if (place < 0) continue;
      const known = refs[at]! & slotMask;
      const id = this.#valueIds[at]!;
      // A value that is new is of no series that is there.
      let slot = this.#areNewValues[at] === 1 ? 0 : this.#findWith(known, place, id);
      if (slot === 0) {
        slot = this.#addVariantOf(known, place, id);
        added[addedCount++] = this.refs[slot]!;
      }
      found[at] = this.refs[slot]!;
    }
    return addedCount;
  }

  /** Slot of the series that is as that in slot `known` with a symbol at `place`, which then loses a use; else 0. */
  #findWith(known: number, place: number, id: number): number {
    this.#makeVariant(known, place, id);
    const slot = this.#index.find(this.#variant, this.#variantLength);
    if (slot !== 0) this.symbols.release(id);
    return slot;
  }

  /** Makes `#variant` the symbols of the series in a slot, with another one at `place`. */
  #makeVariant(slot: number, place: number, id: number): void {
    const start = this.pairsAt[slot]!;
    const length = this.pairsLength[slot]!;
    if (length > this.#variant.length) this.#variant = new Int32Array(2 * length);
    const { pairs } = this;
    const variant = this.#variant;
    for (let index = 0; index < length; index++) variant[index] = pairs[start + index]!;
    variant[place] = id;
    this.#variantLength = length;
  }

  /** Adds the series that is as that in slot `known`, with a symbol at `place` that has gained its use; not yet counted. */
  #addVariantOf(known: number, place: number, id: number): number {
    const slot = this.#freeSlots.length > 0 ? this.#freeSlots.pop()! : this.slotEnd;
    const ref = ((this.#generation[slot]! << slotBits) | slot) >>> 0;
    const length = this.pairsLength[known]!;
    const to = this.#takeSlot(slot, length, ref);
    const from = this.pairsAt[known]!;
    const { pairs, symbols } = this;
    for (let index = 0; index < length; index++) pairs[to + index] = pairs[from + index]!;
    pairs[to + place] = id;
    symbols.acquireIds(pairs, to, to + place);
    symbols.acquireIds(pairs, to + place + 1, to + length);
    this.count++;
    this.#index.add(slot, hashOfIds(pairs, to, length));
    return slot;
  }

  #reserveVariants(count: number): void {
    if (count <= this.#places.length) return;
    this.#places = new Int32Array(2 * count);
    this.#valueIds = new Int32Array(2 * count);
    this.#areNewValues = new Uint8Array(2 * count);
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
    this.count++;
    this.#index.add(slot, hashOfIds(this.pairs, at, length));
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
}

/** Texts that no label has at its place; one is read for every label, so that none may be missing. */
function noTexts(count: number): string[] {
  return Array.from({ length: count }, () => '');
}
