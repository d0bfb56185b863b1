import React, { type ReactNode } from 'react';
import { Button } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { useText } from '../../i18n/use-text.ts';
import { DumpForm } from './dump-form.tsx';
import { plainOptions, type DumpChoice, type KnownTargets } from './options.ts';
import type { FormTimes } from './range-entry.ts';
import { DAY_MS } from './ranges.ts';

export interface StartPanelProps {
  /** Null while it is not known; then nothing can be pressed yet. */
  canWrite: boolean | null;
  isBusy: boolean;
  times: FormTimes;
  known: KnownTargets;
  onStart: (choice: DumpChoice) => void;
  /** What became of the last click; shown between the buttons and the range. */
  children: ReactNode;
}

/** The one button most people need, and beside it the choices. */
export function StartPanel(props: StartPanelProps) {
  const { canWrite, times, known, onStart, children } = props;
  const isBusy = props.isBusy || canWrite === null;
  const say = useText();
  if (canWrite === false) {
    return <p className="mmx-muted">{say('mmx.dumps.readonly')}</p>;
  }
  const startDay = () => {
    onStart({ range: { kind: 'last', lengthMs: DAY_MS }, options: plainOptions });
  };
  return (
    <>
      <div className="mmx-start">
        <Button look="primary" isDisabled={isBusy} onClick={startDay}>
          <Icon name="download" />
          {say('mmx.dumps.primary')}
        </Button>
      </div>
      <p className="mmx-start__help">{say('mmx.dumps.primary.help')}</p>
      {children}
      <DumpForm {...{ times, known, onStart }} isDisabled={isBusy} />
    </>
  );
}
