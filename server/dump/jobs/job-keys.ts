import { isJobId } from '../../share/index.ts';
import { kvPageSize } from '../limits.ts';
import type { KvStore } from '../ports.ts';

/** Ids of the jobs that have a key with a prefix; keys of the same prefix that name no job are left out. */
export async function jobIdsUnder(
  kv: Pick<KvStore, 'kvList'>,
  prefix: string,
): Promise<Set<string>> {
  const ids = new Set<string>();
  for (let page = 0; ; page++) {
    const keys = await kv.kvList(page, kvPageSize);
    for (const key of keys) {
      const id = key.startsWith(prefix) ? key.slice(prefix.length) : '';
      if (isJobId(id)) ids.add(id);
    }
    if (keys.length < kvPageSize) return ids;
  }
}
