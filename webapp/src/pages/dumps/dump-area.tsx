import React, { useEffect, useRef, useState } from 'react';
import type { Dump, DumpList } from '../../../../api/index.ts';
import { useApi } from '../../api/context.ts';
import { FailureNotice } from '../../components/failure-notice.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { useText } from '../../i18n/use-text.ts';
import type { LiveResource } from '../../polling/use-resource.ts';
import { DeleteDialog } from './delete-dialog.tsx';
import { DumpTable } from './dump-table.tsx';
import { useAction } from '../use-action.ts';

export interface DumpAreaProps {
  dumps: LiveResource<DumpList>;
  canWrite: boolean;
  /** Whether what aliases stand for may be seen. */
  canUnmask: boolean;
  /** True when the overview above already shows why nothing can be loaded. */
  isFailureSaid: boolean;
  onDeleted: (dump: Dump) => void;
}

/** The list of dumps with what its buttons do: cancel at once, delete after a question. */
export function DumpArea(props: DumpAreaProps) {
  const { dumps, canWrite, canUnmask, isFailureSaid, onDeleted } = props;
  const say = useText();
  const api = useApi();
  const heading = useRef<HTMLHeadingElement>(null);
  const asked = useRef('');
  const cancel = useAction((signal) => api.cancelDump(asked.current, signal), dumps.refresh);
  const [doomed, setDoomed] = useState<Dump | null>(null);
  const [deletions, setDeletions] = useState(0);
  useEffect(() => {
    // The row and its button are gone; the heading is the nearest place that stays. The dialog has
    // closed by now, and with it the browser's hold on the focus.
    if (deletions > 0) {
      heading.current?.focus();
    }
  }, [deletions]);
  const forget = (dump: Dump) => {
    dumps.patch((list) => list && { dumps: list.dumps.filter(({ id }) => id !== dump.id) });
    dumps.refresh();
    setDoomed(null);
    setDeletions(deletions + 1);
    onDeleted(dump);
  };
  return (
    <>
      <h3 className="mmx-heading" ref={heading} tabIndex={-1}>
        {say('mmx.list.caption')}
      </h3>
      {dumps.error !== null && !isFailureSaid && (
        <FailureNotice failure={dumps.error} onRetry={dumps.refresh} />
      )}
      {cancel.failure !== null && <FailureNotice failure={cancel.failure} onRetry={cancel.run} />}
      {dumps.value === null && dumps.error === null && (
        <Skeleton label={say('mmx.list.loading')} rows={2} />
      )}
      {dumps.value !== null && (
        <DumpTable
          dumps={dumps.value.dumps}
          canWrite={canWrite}
          canUnmask={canUnmask}
          onDelete={setDoomed}
          onCancel={({ id }) => {
            asked.current = id;
            cancel.run();
          }}
        />
      )}
      {doomed !== null && (
        <DeleteDialog
          dump={doomed}
          onDeleted={() => {
            forget(doomed);
          }}
          onClose={() => {
            setDoomed(null);
          }}
        />
      )}
    </>
  );
}
