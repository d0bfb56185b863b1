import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Collects all garbage, which the engine lets only those do whose context was made while it was told to.
 * It is told for a moment: test files that come later in the same process must not find `gc` as the plugin
 * does, or each of their sweeps collects what all files before have left.
 */
export const collectGarbage = exposed();

function exposed(): () => void {
  setFlagsFromString('--expose-gc');
  try {
    return runInNewContext('gc') as () => void;
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}
