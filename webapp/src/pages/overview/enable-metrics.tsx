import React, { useState } from 'react';
import { useApi } from '../../api/context.ts';
import { Button } from '../../components/button.tsx';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { FailureNotice } from '../../components/failure-notice.tsx';
import { useText } from '../../i18n/use-text.ts';
import { useAction } from '../use-action.ts';

/** Turns the server's metrics on, after a question: one setting of the host, and nothing else. */
export function EnableMetrics({ onEnabled }: { onEnabled: () => void }) {
  const say = useText();
  const api = useApi();
  const [isAsked, setAsked] = useState(false);
  const enable = useAction(
    (signal) => api.enableMetrics(signal),
    () => {
      setAsked(false);
      onEnabled();
    },
  );
  return (
    <div className="mmx-actions">
      <Button
        look="secondary"
        isSmall
        onClick={() => {
          enable.clear();
          setAsked(true);
        }}
      >
        {say('mmx.enable')}
      </Button>
      {isAsked && (
        <ConfirmDialog
          title={say('mmx.enable.title')}
          confirmLabel={say(enable.isRunning ? 'mmx.enable.running' : 'mmx.enable')}
          confirmLook="primary"
          cancelLabel={say('mmx.enable.keep')}
          isBusy={enable.isRunning}
          onConfirm={enable.run}
          onCancel={() => {
            setAsked(false);
          }}
        >
          <p>{say('mmx.enable.body')}</p>
          {enable.failure !== null && (
            <FailureNotice failure={enable.failure} onRetry={enable.run} />
          )}
        </ConfirmDialog>
      )}
    </div>
  );
}
