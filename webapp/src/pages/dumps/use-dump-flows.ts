import { useEffect, useRef, useState } from 'react';
import type { Dump, DumpList } from '../../../../api/index.ts';
import type { MetricsApi } from '../../api/client.ts';
import { toFailure } from '../../api/failure.ts';
import type { LiveResource } from '../../polling/use-resource.ts';
import { viewFlow, withDump, type Flow, type FlowView } from './flow.ts';
import { dumpRequest, type DumpChoice } from './options.ts';

/** What became of one click. */
export interface DumpFlow {
  key: number;
  view: FlowView;
  /** Asks again for the same. */
  retry: () => void;
  dismiss: () => void;
}

export interface DumpFlows {
  /** Those that were asked for on this page, oldest first; ended ones leave with the next click. */
  flows: DumpFlow[];
  /** True while the server has not answered the last click yet. */
  isBusy: boolean;
  start: (choice: DumpChoice) => void;
}

export interface DumpFlowsOptions {
  api: MetricsApi;
  dumps: LiveResource<DumpList>;
  /** The server's clock, so that "up to now" holds on a machine whose clock is wrong. */
  serverNowMs: () => number;
  /** Starts the browser's own download of a finished dump. */
  download: (dump: Dump) => void;
}

interface Entry {
  key: number;
  flow: Flow;
}

/**
 * One click: ask for a dump, follow it in the list, and download it once when it is ready. Another one can be
 * asked for meanwhile: the server builds them one after another, and says when too many wait.
 */
export function useDumpFlows({ api, dumps, serverNowMs, download }: DumpFlowsOptions): DumpFlows {
  const [entries, setEntries] = useState<Entry[]>([]);
  const lastKey = useRef(0);
  const requests = useRef(new Set<AbortController>());
  const list = dumps.value?.dumps ?? [];
  const views = entries.map(({ key, flow }) => ({ key, flow, view: viewFlow(flow, list) }));

  useEffect(
    () => () => {
      for (const request of requests.current) {
        request.abort();
      }
    },
    [],
  );

  useDownloads(views, download);

  const change = (key: number, flow: Flow) => {
    setEntries((before) => before.map((entry) => (entry.key === key ? { key, flow } : entry)));
  };
  const ask = (key: number, choice: DumpChoice) => {
    const request = new AbortController();
    requests.current.add(request);
    api
      .createDump(dumpRequest(choice, serverNowMs()), request.signal)
      .then(
        (dump) => {
          if (!request.signal.aborted) {
            dumps.patch((known) => ({ dumps: withDump(known?.dumps ?? [], dump) }));
            dumps.refresh();
            change(key, { kind: 'following', choice, id: dump.id });
          }
        },
        (error: unknown) => {
          if (!request.signal.aborted) {
            change(key, { kind: 'refused', choice, failure: toFailure(error) });
          }
        },
      )
      .finally(() => requests.current.delete(request));
  };
  const dismiss = (key: number) => {
    setEntries((before) => before.filter((entry) => entry.key !== key));
  };
  const start = (choice: DumpChoice) => {
    lastKey.current += 1;
    const key = lastKey.current;
    const working = views.filter(({ view }) => view.kind === 'working');
    setEntries([
      ...working.map(({ key: other, flow }) => ({ key: other, flow })),
      { key, flow: { kind: 'asking', choice } },
    ]);
    ask(key, choice);
  };

  return {
    flows: views.map(({ key, flow, view }) => ({
      key,
      view,
      retry: () => {
        change(key, { kind: 'asking', choice: flow.choice });
        ask(key, flow.choice);
      },
      dismiss: () => {
        dismiss(key);
      },
    })),
    isBusy: views.some(({ flow }) => flow.kind === 'asking'),
    start,
  };
}

/** Hands each dump on once, when it is ready. */
function useDownloads(
  views: readonly { view: FlowView }[],
  download: DumpFlowsOptions['download'],
): void {
  const downloaded = useRef(new Set<string>());
  useEffect(() => {
    for (const { view } of views) {
      if (view.kind === 'ready' && !downloaded.current.has(view.dump.id)) {
        downloaded.current.add(view.dump.id);
        download(view.dump);
      }
    }
  });
}
