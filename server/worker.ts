import { serveThread } from '../lib/runtime/index.ts';
import { storeHandlers } from '../lib/tsdb/index.ts';
import { createChoiceHandlers } from './dump/choices/worker-handlers.ts';
import { createProbeHandlers } from './dump/probe/worker-handlers.ts';
import { createDumpHandlers } from './dump/packing/worker-handlers.ts';

serveThread({
  ...storeHandlers,
  ...createDumpHandlers(),
  ...createProbeHandlers(),
  ...createChoiceHandlers(),
});
