import { codeOf } from '../../lib/runtime/index.ts';
import type { CommitCounts, SampleStore } from '../collect/index.ts';

/**
 * The store as collecting sees it, with one reflex: when the disk is full, local blocks that are in
 * the file store make room. The scrape that met the full disk fails; a later one succeeds.
 */
export function withDiskRelief(store: SampleStore, relieve: () => void): SampleStore {
  return {
    seriesRef: (labels) => store.seriesRef(labels),
    variantRef: (ref, name, value) => store.variantRef(ref, name, value),
    variantRefs: (variants) => store.variantRefs(variants),
    metricOf: (ref) => store.metricOf(ref),
    findSeries: (labels) => store.findSeries(labels),
    get seriesCount() {
      return store.seriesCount;
    },
    get maxSeries() {
      return store.maxSeries;
    },
    topMetrics: (limit) => store.topMetrics(limit),
    topLabels: (limit) => store.topLabels(limit),
    isLive: (ref) => store.isLive(ref),
    newBatch: () => store.newBatch(),
    newestSampleMs: () => store.newestSampleMs(),
    async commit(batch): Promise<CommitCounts> {
      try {
        return await store.commit(batch);
      } catch (error) {
        if (codeOf(error) === 'TSDB_DISK_FULL') relieve();
        throw error;
      }
    },
  };
}
