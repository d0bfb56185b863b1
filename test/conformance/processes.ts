import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { eventually } from './checks.ts';

/** A program that runs beside the test, its output in a file. */
export interface Daemon {
  child: ChildProcess;
  stop(): Promise<void>;
}

/** Starts a program; stdout and stderr go to `logPath`. */
export function startDaemon(
  program: string,
  args: readonly string[],
  logPath: string,
  env: NodeJS.ProcessEnv = process.env,
): Daemon {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  const log = createWriteStream(logPath);
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  return {
    child,
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** A loopback port that nobody listens on right now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether something takes connections at `host:port`; undefined while nothing does. */
export function isListening(endpoint: string): Promise<true | undefined> {
  const [host = '', port = ''] = endpoint.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), host);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(undefined);
    });
  });
}

/** Waits until `url` answers with a success. */
export async function waitForHttp(url: string, timeoutMs = 15_000): Promise<void> {
  await eventually(`an answer from ${url}`, timeoutMs, async () => {
    try {
      return (await fetch(url)).ok ? true : undefined;
    } catch {
      return undefined;
    }
  });
}
