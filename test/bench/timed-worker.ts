// A worker that serves the store's methods and merging, and reports the CPU time of each.
import { serveThread, type ThreadContext, type ThreadHandlers } from '../../lib/runtime/index.ts';
import { newUlid, openBlock, rewriteBlocks, storeHandlers } from '../../lib/tsdb/index.ts';
import { systemRng } from '../../lib/runtime/index.ts';

export interface MergeRequest {
  dirs: string[];
  parentDir: string;
}

/** As the service that merges blocks does it, on whole blocks. */
function mergeBlocks({ dirs, parentDir }: MergeRequest): { samples: number } {
  const sources = dirs.map((dir) => openBlock(dir));
  try {
    const mint = Math.min(...sources.map(({ meta }) => meta.minTime));
    const maxt = Math.max(...sources.map(({ meta }) => meta.maxTime));
    const ulid = newUlid(Date.now(), systemRng);
    const merged = rewriteBlocks({ sources, mint, maxt, parentDir, ulid });
    return { samples: merged?.samples ?? 0 };
  } finally {
    for (const source of sources) source.close();
  }
}

type Handler = (payload: never, context: ThreadContext) => unknown;

function timed(handler: Handler): Handler {
  return async (payload, context) => {
    const before = process.threadCpuUsage();
    const result = await handler(payload, context);
    const { user, system } = process.threadCpuUsage(before);
    context.progress({ tookMs: (user + system) / 1000 });
    return result;
  };
}

const handlers: ThreadHandlers = { ...storeHandlers, 'bench.merge': mergeBlocks };
serveThread(
  Object.fromEntries(Object.entries(handlers).map(([name, handler]) => [name, timed(handler)])),
);
