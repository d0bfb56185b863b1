import { statSync } from 'node:fs';

import { codeOf, errorText } from '../../lib/runtime/index.ts';
import { runCheck } from './check-command.ts';
import { parseCommandLine } from './command-line.ts';
import { UsageError } from './errors.ts';
import { runInspect } from './inspect-command.ts';
import type { Output } from './output.ts';
import { printable } from './printable.ts';

/** Does what the arguments say and returns the exit code. */
export function run(args: readonly string[], output: Output): number {
  try {
    const command = parseCommandLine(args);
    if (command.kind === 'help') {
      output.out(command.text);
      return 0;
    }
    if (!statSync(command.dir).isDirectory()) {
      throw new UsageError(`${command.dir} is no directory`);
    }
    return command.kind === 'check'
      ? runCheck(command.dir, command.asJson, output)
      : runInspect(command, output);
  } catch (error) {
    if (!isUsage(error)) throw error;
    output.err(`metrics-store: ${printable(errorText(error))}\n`);
    if (error instanceof UsageError) output.err('metrics-store help shows how it is used\n');
    return 2;
  }
}

/** What the caller can mend: the command, or a directory that cannot be read. */
function isUsage(error: unknown): boolean {
  if (error instanceof UsageError) return true;
  return codeOf(error) !== undefined && 'syscall' in (error as object);
}
