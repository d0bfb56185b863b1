import { lastGeneration, maxSlots, slotBits, type Head } from '../head/index.ts';
import type { Labels } from '../labels.ts';

/** Generation that no reference in a WAL has: marks series whose reference is still to be chosen. */
const pendingGeneration = lastGeneration + 1;

/**
 * References of a WAL during its replay. Normally a series gets back the reference that the WAL
 * calls it by. Two cases differ: labels that come a second time with another reference, and a
 * reference whose slot another series has taken; both become aliases.
 */
export class ReplayRefs {
  readonly #head: Head;
  readonly #aliases = new Map<number, number>();
  readonly #pendingSlots: number[] = [];

  constructor(head: Head) {
    this.#head = head;
  }

  /** Makes the series known; false when the head has no room for it. */
  add(ref: number, labels: Labels): boolean {
    const { series } = this.#head;
    const known = series.find(labels);
    const slot = ref & (maxSlots - 1);
    const isOurs = slot !== 0 && ref >>> slotBits <= lastGeneration;
    if (isOurs) series.noteRef(ref);
    if (known !== 0) {
      if (series.refs[known] !== ref) this.#aliases.set(ref, known);
      return true;
    }
    if (isOurs && series.refs[slot] === 0) {
      this.#head.addSeriesAt(slot, labels, ref);
      // An earlier series of this number is gone: its samples came before this record.
      this.#aliases.delete(ref);
      return true;
    }
    const free = series.slotEnd;
    if (free >= maxSlots) return false;
    this.#head.addSeriesAt(free, labels, ((pendingGeneration << slotBits) | free) >>> 0);
    this.#pendingSlots.push(free);
    this.#aliases.set(ref, free);
    return true;
  }

  /** Whether a series has exactly this reference. */
  isPlain(ref: number): boolean {
    return this.#head.series.slotOf(ref) !== 0;
  }

  /** Slot of the series that the WAL calls `ref`, or 0. */
  slotOf(ref: number): number {
    const slot = this.#head.series.slotOf(ref);
    if (slot !== 0) return slot;
    return this.#aliases.size === 0 ? 0 : (this.#aliases.get(ref) ?? 0);
  }

  /**
   * Ends the replay: gives references to the series that still lack one and returns their slots,
   * because the WAL does not know these references yet.
   */
  finish(): number[] {
    for (const slot of this.#pendingSlots) this.#head.series.renewRef(slot);
    this.#head.series.collectFreeSlots();
    return this.#pendingSlots;
  }

  /** The aliases as pairs (reference in the WAL, reference of the series); call after {@link finish}. */
  aliases(): { from: Uint32Array<ArrayBuffer>; to: Uint32Array<ArrayBuffer> } {
    const { refs } = this.#head.series;
    const from = Uint32Array.from(this.#aliases.keys());
    const to = Uint32Array.from(this.#aliases.values(), (slot) => refs[slot]!);
    return { from, to };
  }
}
