import { serveThread } from '../../runtime/index.ts';
import { storeHandlers } from './worker-handlers.ts';

serveThread(storeHandlers);
