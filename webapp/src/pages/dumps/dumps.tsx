import React, { useEffect, useRef, useState } from 'react';
import type { Dump, Status } from '../../../../api/index.ts';
import { useApi } from '../../api/context.ts';
import { isPageWide } from '../../api/failure.ts';
import { FailureNotice } from '../../components/failure-notice.tsx';
import { Section } from '../../components/section.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { useText, type MessageId } from '../../i18n/use-text.ts';
import { pageClock } from '../../polling/page-clock.ts';
import { useResource, type LiveResource } from '../../polling/use-resource.ts';
import { DeleteDialog } from './delete-dialog.tsx';
import { DumpTable } from './dump-table.tsx';
import { FlowPanel } from './flow-panel.tsx';
import type { FlowView } from './flow.ts';
import { listDelayMs } from './flow.ts';
import { StartPanel } from './start-panel.tsx';
import { startDownload } from './start-download.ts';
import { useAction } from './use-action.ts';
import { useDumpFlow } from './use-dump-flow.ts';

/** Making, downloading and deleting dumps. */
export function Dumps({ status }: { status: LiveResource<Status> }) {
  const say = useText();
  const api = useApi();
  const root = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const dumps = useResource(
    (signal) => api.dumps(signal),
    (list) => listDelayMs(list.dumps),
  );
  const flow = useDumpFlow({
    api,
    dumps,
    serverNowMs: () => serverNow(status),
    download: (dump) => {
      if (root.current !== null) {
        startDownload(api.archiveUrl(dump.id), dump.fileName, root.current);
      }
    },
  });
  const [doomed, setDoomed] = useState<Dump | null>(null);
  const [said, setSaid] = useState<MessageId | null>(null);
  useAnnouncedFlow(flow.view, setSaid);
  const canWrite = status.value?.can.write ?? true;
  // The overview has already said it when the whole page is concerned.
  const isSaidAbove = dumps.error !== null && isPageWide(dumps.error.kind) && status.error !== null;
  return (
    <Section id="mmx-dumps" title={say('mmx.dumps.title')} subtitle={say('mmx.dumps.subtitle')}>
      <div ref={root}>
        <StartPanel
          canWrite={canWrite}
          isBusy={flow.isBusy}
          onStart={flow.start}
          bounds={{
            nowMs: serverNow(status),
            oldestMs: status.value?.oldestSampleMs ?? null,
          }}
        >
          <FlowPanel flow={flow} onCancelled={dumps.refresh} />
        </StartPanel>
        <h3 className="mmx-heading" ref={heading} tabIndex={-1}>
          {say('mmx.list.caption')}
        </h3>
        {dumps.error !== null && !isSaidAbove && (
          <FailureNotice failure={dumps.error} onRetry={dumps.refresh} />
        )}
        {dumps.value === null && dumps.error === null && (
          <Skeleton label={say('mmx.list.loading')} rows={2} />
        )}
        {dumps.value !== null && (
          <CancellableTable
            dumps={dumps.value.dumps}
            canWrite={canWrite}
            onDelete={setDoomed}
            onChanged={dumps.refresh}
          />
        )}
      </div>
      <span className="mmx-hidden" role="status">
        {said !== null && say(said)}
      </span>
      {doomed !== null && (
        <DeleteDialog
          key={doomed.id}
          dump={doomed}
          onClose={() => {
            setDoomed(null);
          }}
          onDeleted={() => {
            if (flow.view.kind === 'ready' && flow.view.dump.id === doomed.id) {
              flow.dismiss();
            }
            dumps.patch((list) => list && { dumps: list.dumps.filter((d) => d.id !== doomed.id) });
            dumps.refresh();
            setDoomed(null);
            setSaid('mmx.flow.said.deleted');
            // The row and its button are gone; the heading is the nearest place that stays.
            heading.current?.focus();
          }}
        />
      )}
    </Section>
  );
}

interface CancellableTableProps {
  dumps: Dump[];
  canWrite: boolean;
  onDelete: (dump: Dump) => void;
  onChanged: () => void;
}

/** The list; a failed cancel is shown above it, because the row may be gone by then. */
function CancellableTable({ dumps, canWrite, onDelete, onChanged }: CancellableTableProps) {
  const api = useApi();
  const asked = useRef('');
  const cancel = useAction((signal) => api.cancelDump(asked.current, signal), onChanged);
  return (
    <>
      {cancel.failure !== null && <FailureNotice failure={cancel.failure} onRetry={cancel.run} />}
      <DumpTable
        dumps={dumps}
        canWrite={canWrite}
        onDelete={onDelete}
        onCancel={(dump) => {
          asked.current = dump.id;
          cancel.run();
        }}
      />
    </>
  );
}

const announcements: Partial<Record<FlowView['kind'], MessageId>> = {
  working: 'mmx.flow.said.started',
  ready: 'mmx.flow.said.ready',
  failed: 'mmx.flow.said.failed',
  cancelled: 'mmx.flow.said.cancelled',
};

/** Start and end are said aloud once; the percents between are not. */
function useAnnouncedFlow(view: FlowView, announce: (id: MessageId) => void): void {
  const { kind } = view;
  useEffect(() => {
    const id = announcements[kind];
    if (id !== undefined) {
      announce(id);
    }
  }, [kind, announce]);
}

/** The server's clock as far as it is known, else the browser's. */
function serverNow(status: LiveResource<Status>): number {
  if (status.value === null) {
    return Date.now();
  }
  return Math.round(status.value.nowMs + pageClock.monotonicMs() - status.receivedMs);
}
