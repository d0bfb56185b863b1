import {
  consolePages,
  makeProblem,
  say,
  type KnownSentence,
  type Problem,
} from '../../../api/index.ts';
import { cleanHost, isForbiddenAddress, shownText } from '../../settings/index.ts';
import { maxDiscoveredNodes, maxNodeAgeMs, maxShownRowProblems, staleNodeMs } from '../limits.ts';

/**
 * From rows of the table `ClusterDiscovery` to nodes. Contract: never throws, whatever the rows
 * hold; a row that cannot be used is a problem and leaves the others alone.
 */

/** A node of the cluster as its own server registered it. */
export interface ClusterNode {
  /** The server's own id for its row; changes with every start. */
  id: string;
  /** A name or address; IPv6 without brackets. */
  host: string;
  /** By the node's own clock. */
  createdAtMs: number;
  /** Last sign of life, by the node's own clock. */
  lastPingMs: number;
  /** Whether it missed more than three pings: it may be gone. */
  isStale: boolean;
  /** Whether it is the node that we run on. */
  isSelf: boolean;
}

/** What tells our own row from the others. */
export interface SelfFacts {
  /** Our cluster id; empty when the server does not tell. */
  clusterId: string;
  /** Addresses of this machine. */
  addresses: readonly string[];
  /** The operating system's host name, and the one that overrides it. */
  names: readonly string[];
}

/** A row that holds what it must; not yet told whether it is fresh. */
export interface SeenRow {
  id: string;
  host: string;
  createdAtMs: number;
  lastPingMs: number;
}

/** Reads rows of id, host name, creation and last ping, in that order. */
export function readRows(rows: readonly (readonly unknown[])[]): {
  seen: SeenRow[];
  problems: Problem[];
} {
  const seen: SeenRow[] = [];
  const bad: BadRow[] = [];
  for (const row of rows.slice(0, maxDiscoveredNodes)) {
    const read = readRow(row);
    if ('reason' in read) bad.push(read);
    else seen.push(read);
  }
  const problems = rowProblems(bad);
  if (rows.length > maxDiscoveredNodes) problems.push(tooManyProblem());
  return { seen, problems };
}

/** A row that cannot be used, and why. */
interface BadRow {
  which: KnownSentence;
  reason: KnownSentence;
}

/** The row, or what is wrong with it. */
function readRow([rawId, rawHost, rawCreated, rawPing]: readonly unknown[]): SeenRow | BadRow {
  const id = textOf(rawId)?.trim() ?? '';
  const hostText = textOf(rawHost) ?? '';
  const which = nameOf(shownText(id), shownText(hostText.trim()));
  const host = readHost(hostText);
  if (typeof host !== 'string') return { which, reason: host.reason };
  if (id === '' || id.length > 64) return { which, reason: say('discovery.row.id') };
  const [createdAtMs, lastPingMs] = [timeOf(rawCreated ?? 0), timeOf(rawPing)];
  if (createdAtMs === undefined || lastPingMs === undefined) {
    return { which, reason: say('discovery.row.times') };
  }
  return { id, host, createdAtMs, lastPingMs };
}

function nameOf(id: string, host: string): KnownSentence {
  return id === '' ? say('discovery.no-id', { host }) : say('discovery.with-id', { id, host });
}

/** The host of a row, or why it cannot be used. */
function readHost(text: string): string | { reason: KnownSentence } {
  const clean = cleanHost(text);
  if (clean.kind === 'problem') {
    return { reason: say('discovery.row.host', { reason: clean.reason }) };
  }
  const { host } = clean;
  if (isForbiddenAddress(host)) {
    return { reason: say('host.forbidden') };
  }
  if (/(^|\.)localhost$|^localhost\./.test(host)) {
    return { reason: say('discovery.row.localhost') };
  }
  return host;
}

/** Text columns come as text from PostgreSQL and as bytes from MySQL. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : undefined;
}

function timeOf(value: unknown): number | undefined {
  const number = typeof value === 'number' ? value : Number(textOf(value) ?? NaN);
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/**
 * Remembers when each row last changed, by our monotonic clock. Wall clocks decide only at first
 * sight, and in the row's favour: neither a clock of ours that is an hour ahead nor one node that
 * is may make the others disappear.
 */
export class PingWatch {
  readonly #rows = new Map<string, { lastPingMs: number; ageMs: number; seenMs: number }>();

  /** Age of each row since its last sign of life, in the order of `seen`. */
  agesOf(seen: readonly SeenRow[], nowMs: number, monotonicMs: number): number[] {
    const newestMs = Math.max(...seen.map(({ lastPingMs }) => lastPingMs));
    const referenceMs = Math.min(newestMs, nowMs);
    const ages = seen.map(({ id, lastPingMs }) => {
      const known = this.#rows.get(id);
      if (known?.lastPingMs === lastPingMs) return known.ageMs + monotonicMs - known.seenMs;
      const ageMs = known === undefined ? Math.max(0, referenceMs - lastPingMs) : 0;
      this.#rows.set(id, { lastPingMs, ageMs, seenMs: monotonicMs });
      return ageMs;
    });
    const ids = new Set(seen.map(({ id }) => id));
    for (const id of this.#rows.keys()) if (!ids.has(id)) this.#rows.delete(id);
    return ages;
  }
}

/** Nodes of rows with these ages: one per host, without those that are long gone. */
export function nodesOf(
  seen: readonly SeenRow[],
  ages: readonly number[],
  self: SelfFacts,
): { nodes: ClusterNode[]; problems: Problem[] } {
  const aged = seen.map((row, at) => ({ row, ageMs: ages[at] ?? 0 }));
  const fresh = aged.filter(({ ageMs }) => ageMs < maxNodeAgeMs);
  // Of two rows for one host the one that gave a sign of life last is the node.
  fresh.sort((a, b) => a.ageMs - b.ageMs || b.row.lastPingMs - a.row.lastPingMs);
  const byHost = new Map<string, (typeof fresh)[number]>();
  const doubles = new Set<string>();
  for (const one of fresh) {
    if (!byHost.has(one.row.host)) byHost.set(one.row.host, one);
    // Rows that nobody pings any more are leftovers of earlier starts.
    else if (one.ageMs < staleNodeMs) doubles.add(one.row.host);
  }
  const ordered = [...byHost.values()].sort((a, b) => (a.row.id < b.row.id ? -1 : 1));
  const own = findSelf(
    ordered.map(({ row }) => row),
    self,
  );
  const nodes = ordered.map(({ row, ageMs }) => ({
    ...row,
    isStale: ageMs > staleNodeMs,
    isSelf: row === own,
  }));
  return { nodes, problems: [...doubles].sort().map(doubleProblem) };
}

/** Our own row: by its id, else by our addresses, else by our names. */
function findSelf(rows: readonly SeenRow[], self: SelfFacts): SeenRow | undefined {
  const addresses = new Set(self.addresses.map(normal));
  const names = new Set(self.names.map(normal));
  return (
    rows.find(({ id }) => self.clusterId !== '' && id === self.clusterId) ??
    rows.find(({ host }) => addresses.has(host)) ??
    rows.find(({ host }) => names.has(host))
  );
}

function normal(host: string): string {
  const clean = cleanHost(host);
  return clean.kind === 'host' ? clean.host : '';
}

const link = consolePages.highAvailability;

function rowProblems(bad: readonly BadRow[]): Problem[] {
  const shown = bad.slice(0, maxShownRowProblems);
  const moreCount = bad.length - shown.length;
  return shown.map((row, at) => {
    const isLast = at === shown.length - 1 && moreCount > 0;
    return makeProblem({
      code: 'DISCOVERY_ROW',
      severity: 'warning',
      message: isLast
        ? say('discovery.row.more', { ...row, moreCount })
        : say('discovery.row', { ...row }),
      advice: say('discovery.row.advice'),
      link,
    });
  });
}

function tooManyProblem(): Problem {
  return makeProblem({
    code: 'DISCOVERY_TOO_MANY_ROWS',
    severity: 'error',
    message: say('discovery.too-many', { limitCount: maxDiscoveredNodes }),
    advice: say('discovery.too-many.advice'),
    link,
  });
}

function doubleProblem(host: string): Problem {
  return makeProblem({
    code: 'DISCOVERY_DUPLICATE',
    severity: 'warning',
    message: say('discovery.duplicate', { host }),
    advice: say('discovery.duplicate.advice'),
    link,
  });
}
