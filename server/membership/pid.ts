import { codeOf } from '../../lib/runtime/index.ts';

/** Whether a process with this id runs on this machine; unsure means yes. */
export function isPidAlive(pid: number): boolean {
  // The ids 0 and below mean groups of processes.
  if (pid <= 0) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}
