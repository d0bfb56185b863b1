import React, { type ReactNode } from 'react';
import { Button } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { useText } from '../../i18n/use-text.ts';
import { RangeForm } from './range-form.tsx';
import { DAY_MS, HOUR_MS, type RangeBounds, type RangeChoice } from './ranges.ts';

export interface StartPanelProps {
  canWrite: boolean;
  isBusy: boolean;
  bounds: RangeBounds;
  onStart: (choice: RangeChoice) => void;
  /** What became of the last click; shown between the buttons and the range. */
  children: ReactNode;
}

/** The one button most people need, and beside it the choices. */
export function StartPanel({ canWrite, isBusy, bounds, onStart, children }: StartPanelProps) {
  const say = useText();
  if (!canWrite) {
    return <p className="mmx-muted">{say('mmx.dumps.readonly')}</p>;
  }
  const startLast = (lengthMs: number) => () => {
    onStart({ kind: 'last', lengthMs });
  };
  return (
    <>
      <div className="mmx-start">
        <Button look="primary" isDisabled={isBusy} onClick={startLast(DAY_MS)}>
          <Icon name="download" />
          {say('mmx.dumps.primary')}
        </Button>
        <Button look="secondary" isDisabled={isBusy} onClick={startLast(HOUR_MS)}>
          {say('mmx.dumps.hour')}
        </Button>
      </div>
      <p className="mmx-start__help">{say('mmx.dumps.primary.help')}</p>
      {children}
      <RangeForm bounds={bounds} isDisabled={isBusy} onStart={onStart} />
    </>
  );
}
