import { type KnownSentence } from '../../api/index.ts';

/** One address to scrape, with the labels that its series get. */
export interface ScrapeTarget {
  job: string;
  /** Host name and port as they appear in dashboards; not necessarily where we connect to. */
  instance: string;
  /** Where we connect to: an IP address or a name, an IPv6 address without brackets. */
  host: string;
  port: number;
  /** Begins with a slash; may have a query. */
  path: string;
  /** `http` unless told otherwise. */
  scheme?: 'http' | 'https';
  /** The name that `host` is an address of: for the certificate and the Host header. */
  serverName?: string;
  /** Labels beside job and instance; names that start with two underscores are not stored. */
  labels?: Readonly<Record<string, string>>;
  /**
   * Whether nobody misses the target when nothing listens there: as long as it never answered, a
   * refused connection is no gap and no problem.
   */
  isOptional: boolean;
  /**
   * Whether an answer of 404 or 501 says the same as a refused connection to an optional target: a
   * plugin that serves no metrics, or does not run there.
   */
  mayBeMissing?: boolean;
  /** The node of the cluster that it belongs to, by its host. */
  node?: string;
  /** Rhythm of its own; by default that of the settings. The timeout is the shorter one. */
  intervalMs?: number;
  timeoutMs?: number;
  /** Whether anybody who edits settings chose it: what it answers is not shown in messages. */
  isForeign?: boolean;
  /** How it is spoken to; secret. */
  access?: TargetAccess;
  /** Why scraping at present; every tick is then a gap with this reason. */
  blocked?: { code: string; sentence: KnownSentence };
}

/** What a target asks of whoever scrapes it. Never part of a status, a log or a dump. */
export interface TargetAccess {
  /** Value of the Authorization header. */
  authorization?: string;
  /** Certificates in PEM that are trusted instead of the system's. */
  ca?: string;
}

/** Tells targets apart: two targets with one key would write the same series. */
export function targetKey(target: ScrapeTarget): string {
  return `${target.job} ${target.instance}`;
}

/** As it is shown to people: without the query, which may hold what is nobody's business. */
export function targetUrl(target: ScrapeTarget): string {
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  const path = target.path.replace(/\?.*$/, '?…');
  return `${target.scheme ?? 'http'}://${host}:${String(target.port)}${path}`;
}

/** Job, instance and the other labels that are stored. */
export function storedLabels(target: ScrapeTarget): Record<string, string> {
  const labels = { ...target.labels, job: target.job, instance: target.instance };
  return Object.fromEntries(
    Object.entries(labels).filter(([name, value]) => !name.startsWith('__') && value !== ''),
  );
}
