import { ThreadError, type ThreadContext, type ThreadHandlers } from '../../runtime/index.ts';
import { mergeBlocks } from '../compact/index.ts';
import { deleteBlocks } from './delete-blocks.ts';
import type { StoreThread } from './types.ts';
import { writeCheckpoint } from './write-checkpoint.ts';
import { writeHeadBlock } from './write-head-block.ts';
import { writeHeadCheckpoint } from './write-head-checkpoint.ts';

/** The methods that a store calls in its thread: pass them to `serveThread`. */
export const storeHandlers = {
  'tsdb.writeHeadBlock': writeHeadBlock,
  'tsdb.writeCheckpoint': writeCheckpoint,
  'tsdb.writeHeadCheckpoint': writeHeadCheckpoint,
  'tsdb.mergeBlocks': mergeBlocks,
  'tsdb.deleteBlocks': deleteBlocks,
} satisfies ThreadHandlers;

/** A thread that is none: runs the methods where they are called. For tests and small tools. */
export function inlineThread(handlers: ThreadHandlers = storeHandlers): StoreThread {
  return {
    async call(method, payload, options = {}) {
      const handler = handlers[method];
      if (handler === undefined) throw new ThreadError('THREAD_NO_METHOD', `no method ${method}`);
      const cancelled = () => options.signal?.aborted === true;
      const context: ThreadContext = {
        cancelled,
        checkCancelled() {
          if (cancelled()) throw new ThreadError('THREAD_CANCELLED', 'cancelled by the caller');
        },
        progress: (progress) => options.onProgress?.(progress),
        transfer: () => undefined,
      };
      const moved = structuredClone(payload, { transfer: options.transfer ?? [] });
      return await handler(moved as never, context);
    },
  };
}
