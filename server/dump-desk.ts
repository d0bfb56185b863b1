import { say, type Dump } from '../api/index.ts';
import { DumpError } from './dump/index.ts';
import type { Parts } from './parts/index.ts';
import type { DumpDesk } from './web/index.ts';

/** The dumps of the parts, which may still be opening; `onChange` runs when their list has changed. */
export function deskOver(parts: () => Parts | undefined, onChange: () => void): DumpDesk {
  const desk = (): DumpDesk => {
    const current = parts();
    if (current === undefined) throw starting();
    return current.dumps;
  };
  return {
    create: async (...asked): Promise<Dump> => {
      const dump = await desk().create(...asked);
      onChange();
      return dump;
    },
    aliases: async (id) => desk().aliases(id),
    list: async () => desk().list(),
    get: async (id) => desk().get(id),
    cancel: async (id, userId) => desk().cancel(id, userId),
    delete: async (id, userId) => {
      await desk().delete(id, userId);
      onChange();
    },
    samplesIn: async (range) => desk().samplesIn(range),
    estimate: async (range, content) => desk().estimate(range, content),
    preview: async (range, content) => desk().preview(range, content),
    choices: async (range) => desk().choices(range),
    archive: async (id) => desk().archive(id),
  };
}

/** The refusal of what needs open parts while there are none. */
export function starting(): DumpError {
  return new DumpError('DUMP_STOPPED', say('dump.starting'));
}
