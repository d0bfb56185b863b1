import React from 'react';
import type { Dump } from '../../../../api/index.ts';
import { useApi } from '../../api/context.ts';
import { Button, buttonClass } from '../../components/button.tsx';
import { FailureNotice } from '../../components/failure-notice.tsx';
import { Icon } from '../../components/icon.tsx';
import { Notice } from '../../components/notice.tsx';
import { Progress } from '../../components/progress.tsx';
import { ServerText } from '../../components/server-text.tsx';
import { formatBytes, wholePercent } from '../../format.ts';
import { useLocale, useText } from '../../i18n/use-text.ts';
import { FailureAdvice, FailureDetails } from './dump-failure.tsx';
import { phaseText } from './phases.ts';
import { useTimes } from '../../zone/use-times.ts';
import { useAction } from '../use-action.ts';
import type { DumpFlow } from './use-dump-flows.ts';

/** What became of a click, at the place of the click. */
export function FlowPanel({ flow, onCancelled }: { flow: DumpFlow; onCancelled: () => void }) {
  const say = useText();
  const { view } = flow;
  switch (view.kind) {
    case 'working':
      return <Working {...view} onCancelled={onCancelled} />;
    case 'ready':
      return <Ready dump={view.dump} onClose={flow.dismiss} />;
    case 'failed':
      return <Failed dump={view.dump} flow={flow} />;
    case 'cancelled':
      return (
        <Notice tone="neutral" title={say('mmx.flow.cancelled')}>
          <AgainOrClose flow={flow} />
        </Notice>
      );
    case 'gone':
      return (
        <Notice isAlert tone="warning" title={say('mmx.flow.gone')}>
          <p className="mmx-notice__advice">{say('mmx.flow.gone.advice')}</p>
          <AgainOrClose flow={flow} />
        </Notice>
      );
    case 'refused':
      return (
        <FailureNotice failure={view.failure} onRetry={flow.retry}>
          <CloseButton flow={flow} />
        </FailureNotice>
      );
  }
}

interface WorkingProps {
  dump: Dump | null;
  /** Dumps that come first. */
  before: number;
  onCancelled: () => void;
}

function Working({ dump, before, onCancelled }: WorkingProps) {
  const say = useText();
  const times = useTimes();
  const percent = dump === null ? null : wholePercent(dump.progress.percent);
  const phase =
    before > 0
      ? say('mmx.flow.queue', { before })
      : say(dump === null ? 'mmx.flow.asking' : phaseText(dump.progress.phase));
  return (
    <div className="mmx-working">
      <div className="mmx-working__line">
        <span className="mmx-working__phase">{phase}</span>
        {percent !== null && (
          <span className="mmx-working__percent">{say('mmx.flow.percent', { percent })}</span>
        )}
      </div>
      <Progress
        percent={percent}
        label={say('mmx.flow.progress')}
        valueText={percent === null ? phase : say('mmx.flow.text', { percent, phase })}
      />
      {dump !== null && (
        <>
          <p className="mmx-muted mmx-working__range">
            {times.range(dump.requested.fromMs, dump.requested.toMs)}
          </p>
          <CancelButton id={dump.id} onCancelled={onCancelled} />
        </>
      )}
    </div>
  );
}

function CancelButton({ id, onCancelled }: { id: string; onCancelled: () => void }) {
  const say = useText();
  const api = useApi();
  const cancel = useAction((signal) => api.cancelDump(id, signal), onCancelled);
  return (
    <div className="mmx-working__actions">
      <Button look="secondary" isSmall isDisabled={cancel.isRunning} onClick={cancel.run}>
        {say(cancel.isRunning ? 'mmx.flow.cancelling' : 'mmx.flow.cancel')}
      </Button>
      {cancel.failure !== null && <FailureNotice failure={cancel.failure} onRetry={cancel.run} />}
    </div>
  );
}

function Ready({ dump, onClose }: { dump: Dump; onClose: () => void }) {
  const say = useText();
  const api = useApi();
  const size = formatBytes(dump.sizeBytes ?? 0, useLocale());
  return (
    <Notice tone="good" title={say('mmx.flow.ready')}>
      <p className="mmx-notice__advice">{say('mmx.flow.ready.advice', { file: dump.fileName })}</p>
      <div className="mmx-actions">
        <a
          className={buttonClass('secondary', true)}
          href={api.archiveUrl(dump.id)}
          download={dump.fileName}
        >
          <Icon name="download" />
          {say('mmx.flow.again', { size })}
        </a>
        <Button look="quiet" isSmall onClick={onClose}>
          {say('mmx.flow.dismiss')}
        </Button>
      </div>
    </Notice>
  );
}

function Failed({ dump, flow }: { dump: Dump; flow: DumpFlow }) {
  const say = useText();
  const error = dump.error ?? { code: 'DUMP_FAILED', message: '', detail: '' };
  return (
    <Notice
      isAlert
      tone="error"
      title={
        error.message === '' ? (
          say('mmx.flow.said.failed')
        ) : (
          <ServerText text={error.message} sentence={error.sentence} />
        )
      }
    >
      <FailureAdvice dump={dump} />
      <AgainOrClose flow={flow} />
      <FailureDetails dump={dump} />
    </Notice>
  );
}

function AgainOrClose({ flow }: { flow: DumpFlow }) {
  const say = useText();
  return (
    <div className="mmx-actions">
      <Button look="secondary" isSmall onClick={flow.retry}>
        {say('mmx.flow.retry')}
      </Button>
      <CloseButton flow={flow} />
    </div>
  );
}

function CloseButton({ flow }: { flow: DumpFlow }) {
  const say = useText();
  return (
    <Button look="quiet" isSmall onClick={flow.dismiss}>
      {say('mmx.flow.dismiss')}
    </Button>
  );
}
