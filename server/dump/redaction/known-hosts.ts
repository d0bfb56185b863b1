import { codeOf } from '../../../lib/runtime/index.ts';
import { openBlock } from '../../../lib/tsdb/index.ts';
import { hostsOfLabel } from './redactor.ts';

/** All hosts that the labels of a block name; none when it cannot be read, which is told elsewhere. */
export function hostsOfBlock(dir: string): string[] {
  try {
    const reader = openBlock(dir);
    try {
      const { index } = reader;
      return index
        .labelNames()
        .flatMap((name) => index.labelValues(name).flatMap((value) => hostsOfLabel(name, value)));
    } finally {
      reader.close();
    }
  } catch (error) {
    if ((codeOf(error) ?? '').startsWith('TSDB_')) return [];
    throw error;
  }
}
