import React from 'react';
import { useText } from '../../i18n/use-text.ts';
import { useTimes } from '../../zone/use-times.ts';
import { browserZone, useZone } from '../../zone/zone.tsx';
import { PresetButtons } from './preset-buttons.tsx';
import type { FormTimes, RangeEntry } from './range-entry.ts';
import type { RangeFault } from './ranges.ts';
import { TimeInput } from './time-input.tsx';

export interface RangeFieldsProps {
  entry: RangeEntry;
  /** The texts of both inputs, in the zone that is chosen now. */
  shown: { from: string; to: string };
  /** Null also while nobody has touched anything. */
  fault: RangeFault | null;
  times: FormTimes;
  onEnter: (entry: RangeEntry) => void;
}

const HELP_ID = 'mmx-range-help';

/** From when to when: a usual length at a click, or two times. */
export function RangeFields({ entry, shown, fault, times, onEnter }: RangeFieldsProps) {
  const say = useText();
  const { zone } = useZone();
  const type = (change: { from: string } | { to: string }) => {
    onEnter({ kind: 'typed', ...shown, ...change, zone });
  };
  const shared = { isInvalid: fault !== null, helpId: HELP_ID };
  return (
    <>
      <PresetButtons
        chosen={entry.kind === 'preset' ? entry.preset : null}
        starts={times}
        onChoose={(preset) => {
          onEnter({ kind: 'preset', preset });
        }}
      />
      <div className="mmx-range__row">
        <TimeInput
          id="mmx-range-from"
          label={say('mmx.dumps.from')}
          value={shown.from}
          onChange={(from) => {
            type({ from });
          }}
          {...shared}
        />
        <TimeInput
          id="mmx-range-to"
          label={say('mmx.dumps.to')}
          value={shown.to}
          onChange={(to) => {
            type({ to });
          }}
          {...shared}
        />
      </div>
      <RangeHelp fault={fault} oldestMs={times.oldestMs} />
    </>
  );
}

/** What is wrong with the range; else which zone it is in, and where the data begin. */
function RangeHelp({ fault, oldestMs }: { fault: RangeFault | null; oldestMs: number | null }) {
  const say = useText();
  const times = useTimes();
  const { zone } = useZone();
  const oldest = times.time(oldestMs ?? 0);
  return (
    <div className="mmx-range__help" id={HELP_ID}>
      {fault !== null ? (
        <p className="mmx-range__fault" role="alert">
          {say(`mmx.dumps.fault.${fault}`, { time: oldest })}
        </p>
      ) : (
        <p>
          {zone === 'utc'
            ? say('mmx.dumps.range.utc')
            : say('mmx.dumps.range.zone', { zone: browserZone() })}{' '}
          {oldestMs !== null && say('mmx.dumps.range.oldest', { time: oldest })}
        </p>
      )}
    </div>
  );
}
