import type { LookupAddress } from 'node:dns';
import { lookup as systemLookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import type { Clock } from '../../../lib/runtime/index.ts';
import {
  freshNameMs,
  maxNameProbes,
  maxQuickLookups,
  maxRememberedNames,
  maxSlowLookups,
  slowLookupMs,
  staleNameMs,
} from '../limits.ts';
import { Turnstile } from '../slots/index.ts';
import { hostsFileAddresses } from './hosts-file.ts';
import { isAnsweredFor } from './name-server.ts';

/** Looks a host name up. */
export type NameResolver = (host: string) => Promise<LookupAddress[]>;

/** Where addresses come from. */
export interface NameSources {
  /** May hold a thread for long. */
  resolve: NameResolver;
  /** Asked first; what it has waits for nobody. */
  hosts?: NameResolver;
  /** Whether a look-up of a new name can be expected to end soon; holds no thread. */
  isAnsweredFor?: (host: string) => Promise<boolean>;
}

const systemSources: NameSources = {
  resolve: (host) => systemLookup(host, { all: true }),
  hosts: hostsFileAddresses,
  isAnsweredFor,
};

/** What is known of a host name. */
interface KnownName {
  addresses: LookupAddress[];
  /** When the addresses were found, monotonic. */
  foundMs: number;
  /** The look-up that is under way or waits for its turn. */
  pending: Promise<LookupAddress[]> | undefined;
  /** Whether the last look-up took long, or the first one is expected to. */
  isSlow: boolean;
}

/**
 * Looks up host names without letting a name server that does not answer stop anything else. The
 * operating system's look-up holds one of four threads until it gives up, which may take a minute,
 * and unpacking and syncing need those threads as well: so few are asked at a time, each name once,
 * names whose look-up takes long only one after the other, and addresses that were good are used on while
 * a new look-up is under way. Of a name that was never found a name server is asked before, without
 * a thread, whether it says anything: where it does not, the name is one that takes long. What
 * the system's own file names waits for none of these.
 */
export class NameLookup {
  readonly #clock: Clock;
  readonly #sources: NameSources;
  readonly #names = new Map<string, KnownName>();
  readonly #quick = new Turnstile(maxQuickLookups);
  readonly #slow = new Turnstile(maxSlowLookups);
  readonly #probes = new Turnstile(maxNameProbes);

  /** Asks the operating system unless there are other sources. */
  constructor(clock: Clock, sources: NameSources = systemSources) {
    this.#clock = clock;
    this.#sources = sources;
  }

  /** For the `lookup` option of sockets. */
  readonly lookup: LookupFunction = (host, options, callback) => {
    this.find(host).then(
      (addresses) => {
        const fitting = addresses.filter(({ family }) => isWanted(options.family, family));
        const [first] = fitting;
        if (first === undefined) callback(notFound(host), '', 0);
        else if (options.all === true) callback(null, fitting);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => {
        callback(error instanceof Error ? error : notFound(host), '', 0);
      },
    );
  };

  /** Addresses of `host`; waits for as long as the operating system takes if none are known. */
  async find(host: string): Promise<LookupAddress[]> {
    const name = this.#remember(host);
    const ageMs = this.#clock.monotonicMs() - name.foundMs;
    if (ageMs < freshNameMs) return name.addresses;
    name.pending ??= this.#ask(host, name);
    if (ageMs >= staleNameMs) return name.pending;
    // The answer is for the next time; that it fails then is told then.
    name.pending.catch(() => undefined);
    return name.addresses;
  }

  #remember(host: string): KnownName {
    let name = this.#names.get(host);
    if (name === undefined) {
      name = { addresses: [], foundMs: -Infinity, pending: undefined, isSlow: false };
      this.#names.set(host, name);
      for (const [oldest, { pending }] of this.#names) {
        if (this.#names.size <= maxRememberedNames) break;
        if (pending === undefined && oldest !== host) this.#names.delete(oldest);
      }
    }
    return name;
  }

  async #ask(host: string, name: KnownName): Promise<LookupAddress[]> {
    try {
      const { hosts } = this.#sources;
      const named = hosts === undefined ? [] : await hosts(host);
      name.addresses = named.length > 0 ? named : await this.#askSystem(host, name);
      name.foundMs = this.#clock.monotonicMs();
      return name.addresses;
    } finally {
      name.pending = undefined;
    }
  }

  async #askSystem(host: string, name: KnownName): Promise<LookupAddress[]> {
    const { isAnsweredFor, resolve } = this.#sources;
    const isNew = name.foundMs === -Infinity && !name.isSlow;
    if (isNew && isAnsweredFor !== undefined) {
      name.isSlow = !(await this.#probes.pass(() => isAnsweredFor(host)));
    }
    const lane = name.isSlow ? this.#slow : this.#quick;
    return lane.pass(async () => {
      const startMs = this.#clock.monotonicMs();
      try {
        return await resolve(host);
      } finally {
        name.isSlow = this.#clock.monotonicMs() - startMs > slowLookupMs;
      }
    });
  }
}

function isWanted(wanted: unknown, family: number): boolean {
  const number = wanted === 'IPv4' ? 4 : wanted === 'IPv6' ? 6 : wanted;
  return number === undefined || number === 0 || number === family;
}

function notFound(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`no address for ${host}`), { code: 'ENOTFOUND' });
}
