import React from 'react';
import type { Dump } from '../../../../api/index.ts';
import { useApi } from '../../api/context.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { FailureNotice } from '../../components/failure-notice.tsx';
import { useTimes } from '../../zone/use-times.ts';
import { useText } from '../../i18n/use-text.ts';
import { useAction } from '../use-action.ts';

export interface DeleteDialogProps {
  dump: Dump;
  onDeleted: () => void;
  onClose: () => void;
}

/** Names the dump and what is lost, and shows here why deleting failed. */
export function DeleteDialog({ dump, onDeleted, onClose }: DeleteDialogProps) {
  const say = useText();
  const api = useApi();
  const times = useTimes();
  const remove = useAction((signal) => api.deleteDump(dump.id, signal), onDeleted);
  const range = dump.actual ?? dump.requested;
  return (
    <ConfirmDialog
      title={say('mmx.delete.title')}
      confirmLabel={say(remove.isRunning ? 'mmx.delete.deleting' : 'mmx.delete.confirm')}
      cancelLabel={say('mmx.delete.keep')}
      isBusy={remove.isRunning}
      onConfirm={remove.run}
      onCancel={onClose}
    >
      <p>
        {say(dump.state === 'ready' ? 'mmx.delete.body' : 'mmx.delete.body.none', {
          range: times.range(range.fromMs, range.toMs),
          created: times.time(dump.createdAtMs),
        })}
      </p>
      {remove.failure !== null && <FailureNotice failure={remove.failure} onRetry={remove.run} />}
    </ConfirmDialog>
  );
}
