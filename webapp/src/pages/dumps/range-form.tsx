import React, { useState, type KeyboardEvent } from 'react';
import { Button } from '../../components/button.tsx';
import { formatTime } from '../../format.ts';
import { useLocale, useText } from '../../i18n/use-text.ts';
import { RangeEstimate } from './range-estimate.tsx';
import {
  checkRange,
  fromLocalInput,
  HOUR_MS,
  toLocalInput,
  type RangeBounds,
  type RangeChoice,
} from './ranges.ts';

export interface RangeFormProps {
  bounds: RangeBounds;
  isDisabled: boolean;
  onStart: (choice: RangeChoice) => void;
}

/** Six hours: long enough for most incidents, and a hint that any length will do. */
const DEFAULT_LENGTH_MS = 6 * HOUR_MS;

/** From and to as native inputs; a fieldset, because a form inside the console's form would break it. */
export function RangeForm({ bounds, isDisabled, onStart }: RangeFormProps) {
  const say = useText();
  const locale = useLocale();
  const [from, setFrom] = useState(() => toLocalInput(bounds.nowMs - DEFAULT_LENGTH_MS));
  const [to, setTo] = useState(() => toLocalInput(bounds.nowMs));
  const [wasTried, setWasTried] = useState(false);
  const [wasTouched, setWasTouched] = useState(false);
  const checked = checkRange(fromLocalInput(from), fromLocalInput(to), bounds);
  const isFaultShown = checked.kind === 'bad' && (wasTried || wasTouched);
  const start = () => {
    setWasTried(true);
    if (checked.kind === 'good') {
      onStart({ kind: 'fixed', fromMs: checked.fromMs, toMs: checked.toMs });
    }
  };
  const edit = (set: (value: string) => void) => (value: string) => {
    setWasTouched(true);
    set(value);
  };
  const shared = { isInvalid: isFaultShown, describedBy: 'mmx-range-help' };
  return (
    <fieldset className="mmx-range">
      <legend className="mmx-range__legend">{say('mmx.dumps.range')}</legend>
      <div className="mmx-range__row">
        <TimeInput
          id="mmx-range-from"
          label={say('mmx.dumps.from')}
          value={from}
          onChange={edit(setFrom)}
          {...shared}
        />
        <TimeInput
          id="mmx-range-to"
          label={say('mmx.dumps.to')}
          value={to}
          onChange={edit(setTo)}
          {...shared}
        />
        <Button look="secondary" isDisabled={isDisabled} onClick={start}>
          {say('mmx.dumps.range.download')}
        </Button>
      </div>
      <div className="mmx-range__help" id="mmx-range-help">
        {isFaultShown ? (
          <p className="mmx-range__fault" role="alert">
            {say(`mmx.dumps.fault.${checked.fault}`, {
              time: formatTime(bounds.oldestMs ?? 0, locale),
            })}
          </p>
        ) : (
          <p>
            {say('mmx.dumps.range.zone', { zone: browserZone() })}{' '}
            {checked.kind === 'good' && wasTouched ? (
              <RangeEstimate
                key={`${String(checked.fromMs)} ${to}`}
                fromMs={checked.fromMs}
                toMs={checked.toMs}
              />
            ) : (
              bounds.oldestMs !== null &&
              say('mmx.dumps.range.oldest', { time: formatTime(bounds.oldestMs, locale) })
            )}
          </p>
        )}
      </div>
    </fieldset>
  );
}

interface TimeInputProps {
  id: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
  isInvalid: boolean;
  describedBy: string;
}

function TimeInput({ id, label, value, onChange, isInvalid, describedBy }: TimeInputProps) {
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
        aria-describedby={describedBy}
        onChange={(event) => {
          onChange(event.target.value);
        }}
        onKeyDown={keepFormFromSubmitting}
      />
    </div>
  );
}

/** Enter in an input would save the whole console page around us. */
function keepFormFromSubmitting(event: KeyboardEvent) {
  if (event.key === 'Enter') {
    event.preventDefault();
  }
}

function browserZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
