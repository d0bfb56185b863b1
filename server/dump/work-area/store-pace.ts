import { minPacedBytes } from '../limits.ts';

/** How much a new measurement counts beside those before. */
const newShare = 0.5;

/** How fast the file store gives and takes bytes, as dumps and looks at blocks have found it. */
export class StorePace {
  #getRate: number | undefined;
  #putRate: number | undefined;

  /** Bytes per millisecond; undefined before anything large enough came or went. */
  get rates(): { get: number | undefined; put: number | undefined } {
    return { get: this.#getRate, put: this.#putRate };
  }

  /** Begins with what an earlier process has found. */
  restore({ get, put }: { get: number | undefined; put: number | undefined }): void {
    this.#getRate ??= get;
    this.#putRate ??= put;
  }

  /** So many bytes came from the file store. */
  got(bytes: number, ms: number): void {
    this.#getRate = mixed(this.#getRate, bytes, ms);
  }

  /** The file store has taken so many bytes; `ms` is what it held up whoever gave them. */
  put(bytes: number, ms: number): void {
    this.#putRate = mixed(this.#putRate, bytes, ms);
  }
}

function mixed(before: number | undefined, bytes: number, ms: number): number | undefined {
  if (bytes < minPacedBytes || ms <= 0) return before;
  const rate = bytes / ms;
  return before === undefined ? rate : before * (1 - newShare) + rate * newShare;
}
