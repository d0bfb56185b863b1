import { isIP } from 'node:net';
import { makeProblem, say, type KnownSentence, type Problem } from '../../../api/index.ts';
import { Rounds, asError, sleep, type Clock, type Logger } from '../../../lib/runtime/index.ts';
import { cleanHost, isForbiddenAddress } from '../../settings/index.ts';
import type { NameResolver } from '../fetch/index.ts';
import { maxMediaAddresses, mediaLookupMs, mediaTimeoutMs } from '../limits.ts';

/**
 * The media service of Calls (RTCD): one URL, behind which there may be many machines. Contract:
 * its name is looked up at once and every minute, A and AAAA; addresses that were found stay while
 * the name cannot be looked up; a change is told; nothing here rejects.
 */
export interface MediaService {
  scheme: 'http' | 'https';
  /** The name in the URL. */
  name: string;
  port: number;
  path: string;
  /** All addresses behind the name, in order; none when there is no service, or none known yet. */
  addresses: readonly string[];
  problems: readonly Problem[];
}

export const noMediaService: MediaService = {
  ...{ scheme: 'http', name: '', port: 0, path: '/metrics', addresses: [], problems: [] },
};

export type MediaUrl =
  | { kind: 'url'; scheme: 'http' | 'https'; name: string; port: number; path: string }
  | { kind: 'problem'; reason: KnownSentence };

/** What the service itself listens at, for an address without scheme and port. */
const defaultMediaPort = 8045;

/**
 * Reads the URL that Calls was given: `http://rtcd:8045`, `https://rtcd.example`, `rtcd:8045`,
 * `[fd00::5]:8045`. Credentials in it are for the service's own API and are left out.
 */
export function parseMediaUrl(text: string): MediaUrl {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  const url = URL.parse(hasScheme ? text : `http://${text}`);
  if (url === null) return { kind: 'problem', reason: say('rtcd.no-url') };
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return { kind: 'problem', reason: say('rtcd.no-http') };
  }
  const scheme = url.protocol === 'http:' ? 'http' : 'https';
  const clean = cleanHost(url.hostname);
  if (clean.kind === 'problem') return clean;
  const standard = !hasScheme ? defaultMediaPort : scheme === 'http' ? 80 : 443;
  const port = url.port === '' ? standard : Number(url.port);
  if (port === 0) return { kind: 'problem', reason: say('port.range') };
  const path = `${url.pathname.replace(/\/+$/, '')}/metrics`;
  return { kind: 'url', scheme, name: clean.host, port, path };
}

export interface MediaWatchOptions {
  clock: Clock;
  logger: Logger;
  resolveName: NameResolver;
  onChange: () => void;
}

/** Follows the machines behind one URL. */
export class MediaWatch {
  readonly #options: MediaWatchOptions;
  readonly #rounds: Rounds;
  #url = '';
  #service: MediaService = noMediaService;
  /** Name servers may take minutes to fail: each look-up is waited for once. */
  #pending: { name: string; found: Promise<string[]> } | undefined;

  constructor(options: MediaWatchOptions) {
    this.#options = options;
    this.#rounds = new Rounds(options.clock, {
      work: (wake) => this.#look(wake),
      pauseMs: () => mediaLookupMs,
    });
  }

  /** The service behind `url`, as far as it is known; an empty text is none. */
  follow(url: string): MediaService {
    if (url !== this.#url) {
      this.#url = url;
      this.#service = serviceOf(url);
      this.#rounds.wake();
    }
    return this.#service;
  }

  start(): void {
    this.#rounds.start();
  }

  async stop(): Promise<void> {
    await this.#rounds.stop();
  }

  async #look(wake: AbortSignal): Promise<void> {
    const before = this.#service;
    const { name } = before;
    if (name === '' || isIP(name) !== 0) return;
    let next: MediaService;
    try {
      const addresses = await this.#find(name, wake);
      if (addresses === undefined) return;
      const used = addresses.slice(0, maxMediaAddresses);
      next = { ...before, addresses: used, problems: countProblems(addresses.length) };
    } catch (cause) {
      const problems = [unknownProblem(name, before.addresses.length)];
      next = { ...before, problems };
      const known = before.problems.some(({ code }) => code === 'RTCD_DNS');
      if (!known)
        this.#options.logger.warn('RTCD could not be found', {
          code: 'RTCD_DNS',
          error: asError(cause),
        });
    }
    // Meanwhile another URL may be followed.
    if (this.#service !== before || this.#rounds.isStopped) return;
    this.#service = next;
    const isSame = (one: MediaService) => JSON.stringify([one.addresses, one.problems]);
    if (isSame(before) !== isSame(next)) this.#options.onChange();
  }

  /** Addresses in order; undefined when something else is to be done. Rejects when there are none. */
  async #find(name: string, wake: AbortSignal): Promise<string[] | undefined> {
    if (this.#pending?.name !== name) {
      const found = this.#resolve(name);
      const pending = { name, found };
      this.#pending = pending;
      const done = () => {
        if (this.#pending === pending) this.#pending = undefined;
      };
      found.then(done, done);
    }
    const timeout = new AbortController();
    const late = sleep(this.#options.clock, mediaTimeoutMs, timeout.signal).then(() => {
      if (!timeout.signal.aborted) throw new Error('the name service does not answer');
      return undefined;
    });
    const woken = new Promise<undefined>((resolve) => {
      wake.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    try {
      return await Promise.race([this.#pending.found, late, woken]);
    } finally {
      timeout.abort();
      await late.catch(() => undefined);
    }
  }

  async #resolve(name: string): Promise<string[]> {
    const found = await this.#options.resolveName(name);
    const addresses = new Set<string>();
    for (const { address } of found) {
      const clean = cleanHost(address);
      if (clean.kind === 'host' && !isForbiddenAddress(clean.host)) addresses.add(clean.host);
    }
    if (addresses.size === 0) throw new Error('no address may be asked');
    return [...addresses].sort();
  }
}

/** What is known of a service before any look-up. */
function serviceOf(text: string): MediaService {
  if (text.trim() === '') return noMediaService;
  const url = parseMediaUrl(text.trim());
  if (url.kind === 'problem') return { ...noMediaService, problems: [urlProblem(url.reason)] };
  const { scheme, name, port, path } = url;
  const service: MediaService = { scheme, name, port, path, addresses: [], problems: [] };
  if (isIP(name) === 0) return service;
  if (isForbiddenAddress(name)) {
    return { ...noMediaService, problems: [urlProblem(say('host.forbidden'))] };
  }
  return { ...service, addresses: [name] };
}

function urlProblem(reason: KnownSentence): Problem {
  return makeProblem({
    code: 'RTCD_URL',
    severity: 'error',
    message: say('rtcd.url', { reason }),
    advice: say('rtcd.url.advice'),
    link: callsLink,
  });
}

function unknownProblem(name: string, known: number): Problem {
  return makeProblem({
    code: 'RTCD_DNS',
    severity: 'error',
    message:
      known === 0 ? say('rtcd.unknown', { name }) : say('rtcd.lost', { name, addressCount: known }),
    advice: say('rtcd.unknown.advice'),
    link: callsLink,
  });
}

function countProblems(count: number): Problem[] {
  if (count <= maxMediaAddresses) return [];
  return [
    makeProblem({
      code: 'RTCD_TOO_MANY',
      severity: 'warning',
      message: say('rtcd.too-many', { addressCount: count, limitCount: maxMediaAddresses }),
      advice: say('rtcd.too-many.advice'),
      link: callsLink,
    }),
  ];
}

const callsLink = '/admin_console/plugins/plugin_com.mattermost.calls';
