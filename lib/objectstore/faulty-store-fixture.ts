import { StoreError, type StoreErrorCode } from './errors.ts';
import type {
  CallOptions,
  GetOptions,
  ListEntry,
  ListOptions,
  ObjectBody,
  ObjectContent,
  ObjectHead,
  ObjectStore,
  PutOptions,
} from './object-store.ts';

/** The operations of a store that can be told to fail. */
export type StoreOperation = 'put' | 'get' | 'head' | 'list' | 'delete' | 'check';

/** One call as {@link FaultyStore} saw it. */
export interface StoreCall {
  operation: StoreOperation;
  key: string;
}

/** A store in front of another one that fails where a test says so and notes every call. */
export class FaultyStore implements ObjectStore {
  readonly calls: StoreCall[] = [];
  readonly #inner: ObjectStore;
  /** Answers with the code to fail with, or undefined to let the call through. */
  fault: (call: StoreCall) => StoreErrorCode | undefined = () => undefined;

  constructor(inner: ObjectStore) {
    this.#inner = inner;
  }

  put(key: string, body: ObjectBody, options?: PutOptions): Promise<ObjectHead> {
    return this.#call('put', key, () => this.#inner.put(key, body, options));
  }

  get(key: string, options?: GetOptions): Promise<ObjectContent> {
    return this.#call('get', key, () => this.#inner.get(key, options));
  }

  head(key: string, options?: CallOptions): Promise<ObjectHead | undefined> {
    return this.#call('head', key, () => this.#inner.head(key, options));
  }

  async *list(options: ListOptions): AsyncGenerator<ListEntry, void, undefined> {
    await this.#call('list', options.prefix, () => Promise.resolve());
    yield* this.#inner.list(options);
  }

  delete(key: string, options?: CallOptions): Promise<void> {
    return this.#call('delete', key, () => this.#inner.delete(key, options));
  }

  check(key: string, options?: CallOptions): Promise<void> {
    return this.#call('check', key, () => this.#inner.check(key, options));
  }

  async #call<T>(operation: StoreOperation, key: string, run: () => Promise<T>): Promise<T> {
    const call = { operation, key };
    this.calls.push(call);
    const code = this.fault(call);
    if (code !== undefined) throw new StoreError(code, `told to fail at ${operation}`, key);
    return await run();
  }
}
