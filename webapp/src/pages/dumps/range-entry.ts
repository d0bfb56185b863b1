import type { Zone } from '../../zone/zone.tsx';
import {
  checkRange,
  fromLocalInput,
  presetChoice,
  resolveRange,
  toLocalInput,
  type Preset,
  type PresetStarts,
  type RangeChoice,
  type RangeFault,
} from './ranges.ts';

/** What the two inputs hold: moving with the clock, or as somebody typed it in a zone. */
export type RangeEntry =
  { kind: 'preset'; preset: Preset } | { kind: 'typed'; from: string; to: string; zone: Zone };

/** What is known of the server's times. */
export interface FormTimes extends PresetStarts {
  nowMs: number;
}

export interface ReadEntry {
  /** The texts of both inputs, in the zone that is chosen now. */
  shown: { from: string; to: string };
  /** Null while the range cannot be asked for. */
  choice: RangeChoice | null;
  fault: RangeFault | null;
}

/** Reads an entry in the zone that is chosen now. */
export function readEntry(entry: RangeEntry, zone: Zone, times: FormTimes): ReadEntry {
  if (entry.kind === 'typed') {
    return readTyped(entry, zone, times);
  }
  const choice = presetChoice(entry.preset, times);
  if (choice === null) {
    return { shown: { from: '', to: '' }, choice, fault: null };
  }
  const { from, to } = resolveRange(choice, times.nowMs);
  return {
    shown: { from: toLocalInput(from, zone), to: toLocalInput(to, zone) },
    choice,
    fault: null,
  };
}

function readTyped(
  entry: Extract<RangeEntry, { kind: 'typed' }>,
  zone: Zone,
  times: FormTimes,
): ReadEntry {
  const convert = (value: string) => {
    const ms = entry.zone === zone ? null : fromLocalInput(value, entry.zone);
    return ms === null ? value : toLocalInput(ms, zone);
  };
  const shown = { from: convert(entry.from), to: convert(entry.to) };
  const checked = checkRange(
    fromLocalInput(shown.from, zone),
    fromLocalInput(shown.to, zone),
    times,
  );
  return checked.kind === 'bad'
    ? { shown, choice: null, fault: checked.fault }
    : {
        shown,
        choice: { kind: 'fixed', fromMs: checked.fromMs, toMs: checked.toMs },
        fault: null,
      };
}
