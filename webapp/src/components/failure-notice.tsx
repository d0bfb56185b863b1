import React, { type ReactNode } from 'react';
import { failureDetails, type FailureKind, type RequestFailure } from '../api/failure.ts';
import { pluginPageLink } from '../host/site.ts';
import { useText, type MessageId } from '../i18n/use-text.ts';
import { Button } from './button.tsx';
import { Details } from './details.tsx';
import { Notice } from './notice.tsx';
import { ServerText } from './server-text.tsx';

const titles: Record<FailureKind, MessageId> = {
  offline: 'mmx.failure.offline',
  timeout: 'mmx.failure.timeout',
  session: 'mmx.failure.session',
  forbidden: 'mmx.failure.forbidden',
  denied: 'mmx.failure.denied',
  overridden: 'mmx.failure.overridden',
  disabled: 'mmx.failure.disabled',
  unreachable: 'mmx.failure.unreachable',
  broken: 'mmx.failure.broken',
  refused: 'mmx.failure.broken',
};

/** What the API refuses, it explains itself. */
const advices: Record<FailureKind, MessageId | null> = {
  offline: 'mmx.failure.offline.advice',
  timeout: 'mmx.failure.timeout.advice',
  session: 'mmx.failure.session.advice',
  forbidden: 'mmx.failure.forbidden.advice',
  denied: 'mmx.failure.denied.advice',
  overridden: 'mmx.failure.overridden.advice',
  disabled: 'mmx.failure.disabled.advice',
  unreachable: 'mmx.failure.unreachable.advice',
  broken: 'mmx.failure.broken.advice',
  refused: null,
};

export interface FailureNoticeProps {
  failure: RequestFailure;
  onRetry: () => void;
  /** More buttons, beside Retry. */
  children?: ReactNode;
}

/** Says in plain words what a failed request means and what to do about it. */
export function FailureNotice({ failure, onRetry, children }: FailureNoticeProps) {
  const say = useText();
  const { kind } = failure;
  // Of a missing session or permission the console knows better what to do than the API.
  const isApiHeard = failure.isSaidByApi && (kind === 'refused' || kind === 'broken');
  const advice = advices[kind];
  return (
    <Notice
      isAlert
      tone={kind === 'forbidden' || kind === 'denied' ? 'neutral' : 'error'}
      title={
        isApiHeard ? (
          <ServerText text={failure.message} sentence={failure.sentence} />
        ) : (
          say(titles[kind])
        )
      }
    >
      {advice !== null && <p className="mmx-notice__advice">{say(advice)}</p>}
      <div className="mmx-actions">
        {kind === 'session' ? (
          <Button
            look="secondary"
            isSmall
            onClick={() => {
              window.location.reload();
            }}
          >
            {say('mmx.failure.session.reload')}
          </Button>
        ) : (
          <Button look="secondary" isSmall onClick={onRetry}>
            {say('mmx.failure.retry')}
          </Button>
        )}
        {kind === 'disabled' && (
          <a className="mmx-link" href={pluginPageLink()}>
            {say('mmx.failure.disabled.link')}
          </a>
        )}
        {children}
      </div>
      <Details text={failureDetails(failure)} />
    </Notice>
  );
}
