import React, { type ReactNode } from 'react';
import { Button } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { useApproach } from '../../components/use-approach.ts';
import { useText } from '../../i18n/use-text.ts';
import { DumpEstimateLine } from './dump-estimate.tsx';
import { DumpForm } from './dump-form.tsx';
import { dumpRequest, plainOptions, type DumpChoice, type KnownTargets } from './options.ts';
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

const lastDay: DumpChoice = {
  range: { kind: 'last', lengthMs: DAY_MS },
  options: plainOptions,
};

/** The one button most people need, and beside it the choices. */
export function StartPanel(props: StartPanelProps) {
  const { canWrite, times, known, onStart, children } = props;
  const isBusy = props.isBusy || canWrite === null;
  const say = useText();
  // An estimate keeps a worker busy for a moment: it is made for who is about to press.
  const [start, isNear] = useApproach<HTMLDivElement>();
  if (canWrite === false) {
    return <p className="mmx-muted">{say('mmx.dumps.readonly')}</p>;
  }
  const startDay = () => {
    onStart(lastDay);
  };
  return (
    <>
      <div className="mmx-start" ref={start}>
        <Button look="primary" isDisabled={isBusy} onClick={startDay}>
          <Icon name="download" />
          {say('mmx.dumps.primary')}
        </Button>
      </div>
      <p className="mmx-start__help">{say('mmx.dumps.primary.help')}</p>
      <p className="mmx-estimate">
        {isNear && (
          <DumpEstimateLine request={dumpRequest(lastDay, times.nowMs)} requestKey="last day" />
        )}
      </p>
      {children}
      <DumpForm {...{ times, known, onStart }} isDisabled={isBusy} />
    </>
  );
}
