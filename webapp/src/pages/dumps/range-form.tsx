import React, { useState } from 'react';
import { Button } from '../../components/button.tsx';
import { keepFormFromSubmitting } from '../../components/keep-form.ts';
import { useText } from '../../i18n/use-text.ts';
import { useTimes } from '../../zone/use-times.ts';
import { browserZone, useZone, type Zone } from '../../zone/zone.tsx';
import { PresetButtons } from './preset-buttons.tsx';
import { RangeEstimate } from './range-estimate.tsx';
import {
  checkRange,
  fromLocalInput,
  presetChoice,
  resolveRange,
  toLocalInput,
  type Preset,
  type RangeBounds,
  type RangeChoice,
} from './ranges.ts';

export interface RangeFormProps {
  bounds: RangeBounds;
  isDisabled: boolean;
  onStart: (choice: RangeChoice) => void;
}

/** Long enough for most incidents, and a hint that any length will do. */
const DEFAULT_PRESET: Preset = '6h';

/** What the two inputs hold: moving with the clock, or as somebody typed it in a zone. */
type Entry =
  { kind: 'preset'; preset: Preset } | { kind: 'typed'; from: string; to: string; zone: Zone };

/** The texts of both inputs, in the zone that is chosen now. */
function shownEntry(entry: Entry, choice: RangeChoice | null, zone: Zone, nowMs: number) {
  if (choice !== null) {
    const { from, to } = resolveRange(choice, nowMs);
    return { from: toLocalInput(from, zone), to: toLocalInput(to, zone) };
  }
  if (entry.kind === 'preset') {
    return { from: '', to: '' };
  }
  const convert = (value: string) => {
    const ms = entry.zone === zone ? null : fromLocalInput(value, entry.zone);
    return ms === null ? value : toLocalInput(ms, zone);
  };
  return { from: convert(entry.from), to: convert(entry.to) };
}

/** From and to as native inputs; a fieldset, because a form inside the console's form would break it. */
export function RangeForm({ bounds, isDisabled, onStart }: RangeFormProps) {
  const say = useText();
  const { zone } = useZone();
  const [entry, setEntry] = useState<Entry>({ kind: 'preset', preset: DEFAULT_PRESET });
  const [isTouched, setTouched] = useState(false);
  const choice = entry.kind === 'preset' ? presetChoice(entry.preset, bounds.oldestMs) : null;
  const shown = shownEntry(entry, choice, zone, bounds.nowMs);
  const checked =
    choice === null
      ? checkRange(fromLocalInput(shown.from, zone), fromLocalInput(shown.to, zone), bounds)
      : null;
  const fault = isTouched && checked?.kind === 'bad' ? checked.fault : null;
  const start = () => {
    setTouched(true);
    if (choice !== null) {
      onStart(choice);
    } else if (checked?.kind === 'good') {
      onStart({ kind: 'fixed', fromMs: checked.fromMs, toMs: checked.toMs });
    }
  };
  const enter = (next: Entry) => {
    setTouched(true);
    setEntry(next);
  };
  const shared = { isInvalid: fault !== null };
  return (
    <fieldset className="mmx-range">
      <legend className="mmx-range__legend">{say('mmx.dumps.range')}</legend>
      <PresetButtons
        chosen={entry.kind === 'preset' ? entry.preset : null}
        hasData={bounds.oldestMs !== null}
        onChoose={(preset) => {
          enter({ kind: 'preset', preset });
        }}
      />
      <div className="mmx-range__row">
        <TimeInput
          id="mmx-range-from"
          label={say('mmx.dumps.from')}
          value={shown.from}
          onChange={(from) => {
            enter({ kind: 'typed', ...shown, from, zone });
          }}
          {...shared}
        />
        <TimeInput
          id="mmx-range-to"
          label={say('mmx.dumps.to')}
          value={shown.to}
          onChange={(to) => {
            enter({ kind: 'typed', ...shown, to, zone });
          }}
          {...shared}
        />
        <Button look="secondary" isDisabled={isDisabled} onClick={start}>
          {say('mmx.dumps.range.download')}
        </Button>
      </div>
      <RangeHelp
        fault={fault}
        bounds={bounds}
        estimated={!isTouched ? null : estimatedRange(choice, checked, bounds.nowMs)}
        estimateKey={JSON.stringify(entry)}
      />
    </fieldset>
  );
}

type Checked = ReturnType<typeof checkRange>;

/** The range to ask an estimate for, if it is one that can be asked for. */
function estimatedRange(choice: RangeChoice | null, checked: Checked | null, nowMs: number) {
  if (choice !== null) {
    const { from, to } = resolveRange(choice, nowMs);
    return { fromMs: from, toMs: to };
  }
  return checked?.kind === 'good' ? checked : null;
}

interface RangeHelpProps {
  fault: Extract<Checked, { kind: 'bad' }>['fault'] | null;
  bounds: RangeBounds;
  estimated: { fromMs: number; toMs: number } | null;
  /** Changes when another range is meant; a moving end alone is no other range. */
  estimateKey: string;
}

/** What is wrong with the range, or how large its dump would be. */
function RangeHelp({ fault, bounds, estimated, estimateKey }: RangeHelpProps) {
  const say = useText();
  const times = useTimes();
  const { zone } = useZone();
  const oldest = times.time(bounds.oldestMs ?? 0);
  return (
    <div className="mmx-range__help" id="mmx-range-help">
      {fault !== null ? (
        <p className="mmx-range__fault" role="alert">
          {say(`mmx.dumps.fault.${fault}`, { time: oldest })}
        </p>
      ) : (
        <p>
          {zone === 'utc'
            ? say('mmx.dumps.range.utc')
            : say('mmx.dumps.range.zone', { zone: browserZone() })}{' '}
          {estimated !== null ? (
            <RangeEstimate key={estimateKey} {...estimated} />
          ) : (
            bounds.oldestMs !== null && say('mmx.dumps.range.oldest', { time: oldest })
          )}
        </p>
      )}
    </div>
  );
}

interface TimeInputProps {
  id: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
  isInvalid: boolean;
}

function TimeInput({ id, label, value, onChange, isInvalid }: TimeInputProps) {
  return (
    <div className="mmx-field">
      <label className="mmx-field__label" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className="form-control mmx-field__input"
        type="datetime-local"
        value={value}
        aria-invalid={isInvalid}
        aria-describedby="mmx-range-help"
        onChange={(event) => {
          onChange(event.target.value);
        }}
        onKeyDown={keepFormFromSubmitting}
      />
    </div>
  );
}
