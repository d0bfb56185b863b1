import React, { useEffect, useRef, useState } from 'react';
import type { Dump, DumpList, Status, TargetList } from '../../../../api/index.ts';
import { useApi } from '../../api/context.ts';
import { isPageWide } from '../../api/failure.ts';
import { InView } from '../../components/in-view.tsx';
import { Section } from '../../components/section.tsx';
import { useText, type MessageId } from '../../i18n/use-text.ts';
import { pageClock } from '../../polling/page-clock.ts';
import { ZoneSwitch } from '../../zone/zone-switch.tsx';
import { useResource, type LiveResource } from '../../polling/use-resource.ts';
import { DumpArea } from './dump-area.tsx';
import { FlowPanel } from './flow-panel.tsx';
import { listDelayMs, type FlowView } from './flow.ts';
import { knownTargets } from './options.ts';
import { StartPanel } from './start-panel.tsx';
import { startDownload } from './start-download.ts';
import { useDumpFlows, type DumpFlow } from './use-dump-flows.ts';

export interface DumpsProps {
  status: LiveResource<Status>;
  targets: LiveResource<TargetList>;
}

/** Making, downloading and deleting dumps. */
export function Dumps({ status, targets }: DumpsProps) {
  const say = useText();
  const api = useApi();
  const root = useRef<HTMLDivElement>(null);
  const dumps = useResource(
    (signal) => api.dumps(signal),
    (list) => listDelayMs(list.dumps),
    'dumps',
  );
  const { flows, isBusy, start } = useDumpFlows({
    api,
    dumps,
    serverNowMs: () => serverNow(status),
    download: (dump) => {
      if (root.current !== null) {
        startDownload(api.archiveUrl(dump.id), dump.fileName, root.current);
      }
    },
  });
  const [said, setSaid] = useState<MessageId | null>(null);
  useAnnouncedFlows(flows, setSaid);
  const forgetDeleted = (dump: Dump) => {
    for (const { dismiss, view } of flows) {
      if ('dump' in view && view.dump?.id === dump.id) {
        dismiss();
      }
    }
    setSaid('mmx.flow.said.deleted');
  };
  const can = status.value?.can;
  const canWrite = can?.write ?? null;
  const times = {
    nowMs: serverNow(status),
    oldestMs: status.value?.oldestSampleMs ?? null,
    restartedAtMs: status.value?.restartedAtMs ?? null,
  };
  const known = knownTargets(targets.value?.targets ?? []);
  return (
    <Section
      id="mmx-dumps"
      title={say('mmx.dumps.title')}
      subtitle={say('mmx.dumps.subtitle')}
      aside={<ZoneSwitch />}
    >
      <div ref={root}>
        <StartPanel {...{ canWrite, times, known, isBusy }} onStart={start}>
          {flows.map((flow) => (
            <InView key={flow.key}>
              <FlowPanel flow={flow} onCancelled={dumps.refresh} />
            </InView>
          ))}
        </StartPanel>
        <DumpArea
          dumps={dumps}
          canWrite={canWrite === true}
          canUnmask={can?.manage === true}
          isFailureSaid={isSaidAbove(status, dumps)}
          onDeleted={forgetDeleted}
        />
      </div>
      <span className="mmx-hidden" role="status">
        {said !== null && say(said)}
      </span>
    </Section>
  );
}

/** Whether the overview above already shows why the list cannot be loaded. */
function isSaidAbove(status: LiveResource<Status>, { error }: LiveResource<DumpList>): boolean {
  return status.error !== null && error !== null && isPageWide(error.kind);
}

const announcements: Partial<Record<FlowView['kind'], MessageId>> = {
  working: 'mmx.flow.said.started',
  ready: 'mmx.flow.said.ready',
  failed: 'mmx.flow.said.failed',
  cancelled: 'mmx.flow.said.cancelled',
};

/** Start and end of each are said aloud once; the percents between are not. */
function useAnnouncedFlows(flows: readonly DumpFlow[], announce: (id: MessageId) => void): void {
  const heard = useRef(new Map<number, string>());
  useEffect(() => {
    for (const { key, view } of flows) {
      const id = announcements[view.kind];
      if (heard.current.get(key) !== view.kind && id !== undefined) {
        announce(id);
      }
    }
    heard.current = new Map(flows.map(({ key, view }) => [key, view.kind]));
  });
}

/** The server's clock as far as it is known, else the browser's. */
function serverNow(status: LiveResource<Status>): number {
  if (status.value === null) {
    return Date.now();
  }
  return Math.round(status.value.nowMs + pageClock.monotonicMs() - status.receivedMs);
}
