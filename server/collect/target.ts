/** One address to scrape, with the labels that its series get. */
export interface ScrapeTarget {
  job: string;
  /** Host name and port as they appear in dashboards; not necessarily where we connect to. */
  instance: string;
  /** Where we connect to: an IP address or a name, an IPv6 address without brackets. */
  host: string;
  port: number;
  /** Begins with a slash. */
  path: string;
  /** Labels beside job and instance; names that start with two underscores are not stored. */
  labels?: Readonly<Record<string, string>>;
  /**
   * Whether nobody misses the target when nothing listens there: as long as it never answered, a
   * refused connection is no gap and no problem.
   */
  isOptional: boolean;
  /** Why scraping is pointless at present; every tick is then a gap with this reason. */
  blocked?: { code: string; message: string };
}

/** Tells targets apart: two targets with one key would write the same series. */
export function targetKey(target: ScrapeTarget): string {
  return `${target.job} ${target.instance}`;
}

export function targetUrl(target: ScrapeTarget): string {
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  return `http://${host}:${String(target.port)}${target.path}`;
}

/** Job, instance and the other labels that are stored. */
export function storedLabels(target: ScrapeTarget): Record<string, string> {
  const labels = { ...target.labels, job: target.job, instance: target.instance };
  return Object.fromEntries(
    Object.entries(labels).filter(([name, value]) => !name.startsWith('__') && value !== ''),
  );
}
