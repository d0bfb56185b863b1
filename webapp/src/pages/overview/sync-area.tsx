import React, { useState } from 'react';
import type { Status, SyncOutcome } from '../../../../api/index.ts';
import { useApi } from '../../api/context.ts';
import { Button } from '../../components/button.tsx';
import { FailureNotice } from '../../components/failure-notice.tsx';
import { Icon } from '../../components/icon.tsx';
import { formatAge, formatBytes } from '../../format.ts';
import { useLocale, useText, type MessageId } from '../../i18n/use-text.ts';
import { useAction } from '../use-action.ts';

const drivers: Readonly<Record<string, MessageId>> = {
  local: 'mmx.sync.driver.local',
  amazons3: 'mmx.sync.driver.amazons3',
  azureblob: 'mmx.sync.driver.azureblob',
};

/** How far the file store is behind, and a button to bring it up to date. */
export function SyncArea({ status, onSynced }: { status: Status; onSynced: () => void }) {
  const say = useText();
  const api = useApi();
  const [outcome, setOutcome] = useState<SyncOutcome | null>(null);
  const sync = useAction(async (signal) => {
    setOutcome(null);
    setOutcome(await api.syncNow(signal));
  }, onSynced);
  const { driver } = status.sync;
  const name = drivers[driver];
  return (
    <div className="mmx-block">
      <h3 className="mmx-heading">{say('mmx.sync.title')}</h3>
      <div className="mmx-strip">
        <div className="mmx-strip__text">
          <p>
            {driver !== '' && <strong>{name === undefined ? driver : say(name)}: </strong>}
            <Backlog status={status} />
          </p>
          <p className="mmx-strip__outcome" role="status">
            {outcome !== null && say(outcome.isFinished ? 'mmx.sync.done' : 'mmx.sync.goes-on')}
          </p>
        </div>
        {status.can.write && (
          <Button look="secondary" isSmall isDisabled={sync.isRunning} onClick={sync.run}>
            <Icon name="refresh" />
            {say(sync.isRunning ? 'mmx.sync.running' : 'mmx.sync.now')}
          </Button>
        )}
      </div>
      {sync.failure !== null && <FailureNotice failure={sync.failure} onRetry={sync.run} />}
    </div>
  );
}

/** What is not in the file store yet, and how old the oldest of it is. */
function Backlog({ status }: { status: Status }) {
  const say = useText();
  const locale = useLocale();
  const { lagMs = null, lastError, pendingBlocks, pendingBytes = null } = status.sync;
  const waiting =
    pendingBlocks === 0
      ? say(lastError === null ? 'mmx.sync.nothing-waits' : 'mmx.sync.unreached')
      : pendingBytes === null
        ? say('mmx.sync.waits', { count: pendingBlocks })
        : say('mmx.sync.waits.size', {
            count: pendingBlocks,
            size: formatBytes(pendingBytes, locale),
          });
  return (
    <>
      {waiting}{' '}
      {lagMs === null ? say('mmx.sync.lag.none') : say('mmx.sync.lag', { age: formatAge(lagMs) })}
    </>
  );
}
