import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { nodeOptions } from '../../build/executable.ts';

/** Starts one of our `*-child.ts` in a process of its own, with the options of the shipped executable. */
export function startChild(
  name: string,
  args: readonly string[],
  more: string[] = [],
): ChildProcess {
  const path = fileURLToPath(new URL(`${name}-child.ts`, import.meta.url));
  return fork(path, args, { execArgv: [...nodeOptions, ...more], stdio: 'inherit' });
}

/** The next message of a child; rejects when it ends before. */
export function nextMessage<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => {
      reject(new Error(`${child.spawnargs.join(' ')} ended with ${String(code)}`));
    };
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message as Message);
    });
  });
}

/** Runs a child to its end and returns its one message. */
export async function runChild<Result>(
  name: string,
  args: readonly string[] = [],
  more: string[] = [],
): Promise<Result> {
  const child = startChild(name, args, more);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  try {
    return await nextMessage<Result>(child);
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

/** What a child sends to the process that started it. */
export function report(result: object): void {
  process.send?.(result);
}
