import { setFlagsFromString } from 'node:v8';
import { Worker, parentPort } from 'node:worker_threads';
import { ThreadError } from './errors.ts';
import { threadOldSpaceMb, threadStopMs, threadYoungSpaceMb } from './limits.ts';
import { codeOf } from './thrown.ts';

/**
 * What a worker runs: a file of the source tree, or the text of a bundle (the shipped executable
 * embeds it; a worker cannot import files from inside a single executable).
 */
export type ThreadEntry = { kind: 'file'; path: URL | string } | { kind: 'source'; source: string };

/** What a thread is made of. */
export interface ThreadOptions {
  name: string;
  entry: ThreadEntry;
  maxOldSpaceMb?: number;
  /** Room for objects that were just made: with less of it they are collected more often. */
  maxYoungSpaceMb?: number;
}

/** Options of one call into a thread. */
export interface ThreadCall {
  /** Buffers that move to the thread; the caller can no longer read them. */
  transfer?: ArrayBuffer[];
  /** Aborting sets the call's cancel flag; the call then rejects when the handler notices. */
  signal?: AbortSignal;
  /** Receives what the handler reports. */
  onProgress?: (progress: unknown) => void;
}

/** What a handler inside the thread may use. */
export interface ThreadContext {
  /** True once the caller gave up: every loop asks at least once per block of work. */
  cancelled(): boolean;
  /** Throws a {@link ThreadError} with code `THREAD_CANCELLED` once the caller gave up. */
  checkCancelled(): void;
  progress(progress: unknown): void;
  /** Marks buffers of the result as moved rather than copied. */
  transfer(...buffers: ArrayBuffer[]): void;
}

/** Methods that a thread serves; payloads and results are structured-clone values. */
export type ThreadHandlers = Readonly<
  Record<string, (payload: never, context: ThreadContext) => unknown>
>;

interface Request {
  id: number;
  method: string;
  payload: unknown;
  cancelFlag: SharedArrayBuffer;
}

type Reply =
  | { id: number; kind: 'progress'; progress: unknown }
  | { id: number; kind: 'result'; result: unknown }
  | ({ id: number; kind: 'error' } & ErrorFacts);

/** What of an error crosses: `details` is whatever the error has under that name, as a clone. */
interface ErrorFacts {
  message: string;
  code: string;
  name: string;
  details: unknown;
}

interface PendingCall {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
  onProgress: ((progress: unknown) => void) | undefined;
}

/**
 * One worker thread and the calls into it. Calls run concurrently as far as their handlers await.
 * A crash of the thread rejects every pending call with `THREAD_CRASHED`; the owner decides what
 * to do, a new thread is a new object.
 */
export class Thread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, PendingCall>();
  readonly #exited: Promise<void>;
  #nextId = 1;
  #ended = false;

  constructor(options: ThreadOptions) {
    const { entry, name } = options;
    // What the process was told at its start is of its main thread, and would hold against the limits of others.
    setFlagsFromString('--max-semi-space-size=0');
    const workerOptions = {
      name,
      // A worker must never write to the process' stdout: the host reads the handshake there.
      stdout: true,
      stderr: true,
      resourceLimits: {
        maxOldGenerationSizeMb: options.maxOldSpaceMb ?? threadOldSpaceMb,
        maxYoungGenerationSizeMb: options.maxYoungSpaceMb ?? threadYoungSpaceMb,
      },
    };
    this.#worker =
      entry.kind === 'file'
        ? new Worker(entry.path, workerOptions)
        : new Worker(entry.source, { ...workerOptions, eval: true });
    this.#worker.stdout.resume();
    this.#worker.stderr.resume();
    this.#worker.on('message', (reply: Reply) => this.#receive(reply));
    this.#worker.on('error', (cause) => this.#end(cause));
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#end(undefined);
        resolve();
      });
    });
    // An idle thread must not keep a finished process alive.
    this.#worker.unref();
  }

  /** Whether the thread can still take calls. */
  get isAlive(): boolean {
    return !this.#ended;
  }

  /**
   * Calls `method` in the thread. Rejects with the handler's error (message and code kept), with
   * `THREAD_CANCELLED` after an abort, or with `THREAD_CRASHED`.
   */
  call(method: string, payload: unknown, options: ThreadCall = {}): Promise<unknown> {
    if (this.#ended) {
      return Promise.reject(new ThreadError('THREAD_CRASHED', 'the thread has ended'));
    }
    if (options.signal?.aborted === true) {
      return Promise.reject(new ThreadError('THREAD_CANCELLED', 'cancelled before it began'));
    }
    const id = this.#nextId++;
    const cancelFlag = new SharedArrayBuffer(4);
    const cancel = () => Atomics.store(new Int32Array(cancelFlag), 0, 1);
    options.signal?.addEventListener('abort', cancel, { once: true });
    this.#worker.ref();
    return new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, onProgress: options.onProgress });
      const request: Request = { id, method, payload, cancelFlag };
      this.#worker.postMessage(request, options.transfer ?? []);
    }).finally(() => {
      options.signal?.removeEventListener('abort', cancel);
      this.#pending.delete(id);
      if (this.#pending.size === 0) this.#worker.unref();
    });
  }

  /**
   * Ends the thread and waits for it. Rejects with `THREAD_HUNG` when it does not end: the process
   * must then exit, because a worker that cannot be terminated holds its memory and files.
   */
  async stop(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const hung = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new ThreadError('THREAD_HUNG', 'the thread did not end'));
      }, threadStopMs);
      timer.unref();
    });
    try {
      await Promise.race([this.#worker.terminate().then(() => this.#exited), hung]);
    } finally {
      clearTimeout(timer);
    }
  }

  #receive(reply: Reply): void {
    const call = this.#pending.get(reply.id);
    if (call === undefined) return;
    switch (reply.kind) {
      case 'progress':
        call.onProgress?.(reply.progress);
        break;
      case 'result':
        call.resolve(reply.result);
        break;
      case 'error':
        call.reject(new ThreadError(reply.code, reply.message, { details: reply.details }));
        break;
    }
  }

  #end(cause: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const call of this.#pending.values()) {
      call.reject(new ThreadError('THREAD_CRASHED', 'the thread ended in mid-call', { cause }));
    }
  }
}

/** Serves `handlers` inside a worker thread. Call it once, from the worker's entry file. */
export function serveThread(handlers: ThreadHandlers): void {
  const port = parentPort;
  if (port === null) throw new ThreadError('THREAD_NO_PARENT', 'not inside a worker thread');
  port.on('message', (request: Request) => {
    void answer(request, handlers, (reply, transfer) => port.postMessage(reply, transfer));
  });
}

async function answer(
  request: Request,
  handlers: ThreadHandlers,
  post: (reply: Reply, transfer: ArrayBuffer[]) => void,
): Promise<void> {
  const { id, method, payload } = request;
  const flag = new Int32Array(request.cancelFlag);
  const transfers: ArrayBuffer[] = [];
  const cancelled = () => Atomics.load(flag, 0) !== 0;
  const context: ThreadContext = {
    cancelled,
    checkCancelled() {
      if (cancelled()) throw new ThreadError('THREAD_CANCELLED', 'cancelled by the caller');
    },
    progress: (progress) => post({ id, kind: 'progress', progress }, []),
    transfer: (...buffers) => transfers.push(...buffers),
  };
  try {
    const handler = handlers[method];
    if (handler === undefined) throw new ThreadError('THREAD_NO_METHOD', `no method ${method}`);
    const result = await handler(payload as never, context);
    post({ id, kind: 'result', result }, transfers);
  } catch (error) {
    const facts = describeError(error);
    try {
      post({ id, kind: 'error', ...facts }, []);
    } catch {
      // There is no clone of such details: the rest is worth more than the thread's end.
      post({ id, kind: 'error', ...facts, details: undefined }, []);
    }
  }
}

function describeError(error: unknown): ErrorFacts {
  if (!(error instanceof Error)) {
    return { message: String(error), code: 'THREAD_FAILED', name: 'Error', details: undefined };
  }
  const { message, name, details } = error as Error & { details?: unknown };
  return { message, code: codeOf(error) ?? 'THREAD_FAILED', name, details };
}
