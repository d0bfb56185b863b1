import { join, resolve } from 'node:path';
import type { Problem } from '../api/index.ts';

/** The one driver of the server's file store that this version speaks. */
const supportedDriver = 'local';

/** Below the data directory, where blocks and dumps go while the server's file store cannot be used. */
const substituteName = 'file-store';

/**
 * Where blocks and dumps are kept: the server's file directory or, when its file store is of a kind
 * that this version does not speak, a directory beside the store, with a problem that says so.
 */
export function filePlace(
  file: { driverName: string; directory: string },
  workingDirectory: string,
  dataDirectory: string,
): { directory: string; problems: Problem[] } {
  if (file.driverName === supportedDriver || file.driverName === '') {
    return { directory: resolve(workingDirectory, file.directory), problems: [] };
  }
  const directory = join(dataDirectory, substituteName);
  const problem: Problem = {
    code: 'FILE_STORE_UNSUPPORTED',
    severity: 'error',
    message: `This version cannot write to a file store of the kind "${file.driverName}"; metrics and dumps are kept on this server's disk, in ${directory}.`,
    advice: 'See that this disk is backed up, or wait for a version that supports this file store.',
    link: '/admin_console/environment/file_storage',
  };
  return { directory, problems: [problem] };
}
