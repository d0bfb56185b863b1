import type { LookupAddress } from 'node:dns';
import { lookup as systemLookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import type { Clock } from '../../../lib/runtime/index.ts';
import {
  freshNameMs,
  maxQuickLookups,
  maxRememberedNames,
  maxSlowLookups,
  slowLookupMs,
  staleNameMs,
} from '../limits.ts';
import { Turnstile } from '../slots/index.ts';
import { hostsFileAddresses } from './hosts-file.ts';

/** Looks a host name up; the default asks the operating system. */
export type NameResolver = (host: string) => Promise<LookupAddress[]>;

/** What is known of a host name. */
interface KnownName {
  addresses: LookupAddress[];
  /** When the addresses were found, monotonic. */
  foundMs: number;
  /** The look-up that is under way or waits for its turn. */
  pending: Promise<LookupAddress[]> | undefined;
  /** Whether the last look-up failed or took long. */
  isSlow: boolean;
}

/**
 * Looks up host names without letting a name server that does not answer stop anything else. The
 * operating system's look-up holds one of four threads until it gives up, which may take a minute,
 * and unpacking and syncing need those threads as well: so few are asked at a time, each name once,
 * names that gave trouble only one after the other, and addresses that were good are used on while
 * a new look-up is under way. What the system's own file names waits for none of these.
 */
export class NameLookup {
  readonly #clock: Clock;
  readonly #resolve: NameResolver;
  readonly #hosts: NameResolver | undefined;
  readonly #names = new Map<string, KnownName>();
  readonly #quick = new Turnstile(maxQuickLookups);
  readonly #slow = new Turnstile(maxSlowLookups);

  /** With a resolver of its own it takes names from no file but one that is given, too. */
  constructor(clock: Clock, resolve?: NameResolver, hosts?: NameResolver) {
    this.#clock = clock;
    this.#resolve = resolve ?? ((host) => systemLookup(host, { all: true }));
    this.#hosts = hosts ?? (resolve === undefined ? hostsFileAddresses : undefined);
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
      const named = this.#hosts === undefined ? [] : await this.#hosts(host);
      name.addresses = named.length > 0 ? named : await this.#askSystem(host, name);
      name.foundMs = this.#clock.monotonicMs();
      return name.addresses;
    } finally {
      name.pending = undefined;
    }
  }

  #askSystem(host: string, name: KnownName): Promise<LookupAddress[]> {
    const lane = name.isSlow ? this.#slow : this.#quick;
    return lane.pass(async () => {
      const startMs = this.#clock.monotonicMs();
      name.isSlow = true;
      const addresses = await this.#resolve(host);
      name.isSlow = this.#clock.monotonicMs() - startMs > slowLookupMs;
      return addresses;
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
