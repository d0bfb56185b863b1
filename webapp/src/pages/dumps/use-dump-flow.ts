import { useEffect, useRef, useState } from 'react';
import type { Dump, DumpList } from '../../../../api/index.ts';
import type { MetricsApi } from '../../api/client.ts';
import { toFailure } from '../../api/failure.ts';
import type { LiveResource } from '../../polling/use-resource.ts';
import { viewFlow, withDump, type Flow, type FlowView } from './flow.ts';
import { dumpRequest, type DumpChoice } from './options.ts';

export interface DumpFlow {
  view: FlowView;
  /** True while a click here is being served; only one at a time. */
  isBusy: boolean;
  start: (choice: DumpChoice) => void;
  /** Asks again for what was asked for last. */
  retry: () => void;
  dismiss: () => void;
}

export interface DumpFlowOptions {
  api: MetricsApi;
  dumps: LiveResource<DumpList>;
  /** The server's clock, so that "up to now" holds on a machine whose clock is wrong. */
  serverNowMs: () => number;
  /** Starts the browser's own download of a finished dump. */
  download: (dump: Dump) => void;
}

/** One click: ask for a dump, follow it in the list, and download it once when it is ready. */
export function useDumpFlow({ api, dumps, serverNowMs, download }: DumpFlowOptions): DumpFlow {
  const [flow, setFlow] = useState<Flow>({ kind: 'idle' });
  const request = useRef<AbortController | null>(null);
  const downloaded = useRef(new Set<string>());
  const view = viewFlow(flow, dumps.value?.dumps ?? []);
  const readyDump = view.kind === 'ready' ? view.dump : null;

  useEffect(
    () => () => {
      request.current?.abort();
    },
    [],
  );

  useEffect(() => {
    if (readyDump !== null && !downloaded.current.has(readyDump.id)) {
      downloaded.current.add(readyDump.id);
      download(readyDump);
    }
  });

  const start = (choice: DumpChoice) => {
    const current = new AbortController();
    request.current?.abort();
    request.current = current;
    setFlow({ kind: 'asking', choice });
    api.createDump(dumpRequest(choice, serverNowMs()), current.signal).then(
      (dump) => {
        if (!current.signal.aborted) {
          dumps.patch((list) => ({ dumps: withDump(list?.dumps ?? [], dump) }));
          dumps.refresh();
          setFlow({ kind: 'following', choice, id: dump.id });
        }
      },
      (error: unknown) => {
        if (!current.signal.aborted) {
          setFlow({ kind: 'refused', choice, failure: toFailure(error) });
        }
      },
    );
  };

  return {
    view,
    isBusy: view.kind === 'working',
    start,
    retry: () => {
      if (flow.kind !== 'idle') {
        start(flow.choice);
      }
    },
    dismiss: () => {
      setFlow({ kind: 'idle' });
    },
  };
}
