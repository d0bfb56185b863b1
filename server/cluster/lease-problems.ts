import { consolePages, makeProblem, say, type Problem } from '../../api/index.ts';
import type { ParsedLease } from './lease-record.ts';
import type { LeaseView } from './lease-view.ts';
import { fenceMs, overlapToldMs, standstillMs, takeoverMs } from './limits.ts';

/** The lease went to another node while this one still held it. */
export interface Overlap {
  /** When this node noticed, monotonic. */
  atMs: number;
  /** How long it had had no confirmation by then. */
  unsureMs: number;
}

export interface LeaseFacts {
  view: LeaseView;
  /** Now, and the last confirmation of a lease that this node holds; monotonic. */
  nowMs: number;
  confirmedMs: number | undefined;
  /** The record of another process that was read last. */
  seen: { parsed: ParsedLease | undefined; raw: Uint8Array; sinceMs: number } | undefined;
  databaseError: Error | undefined;
  overlap: Overlap | undefined;
}

/** What an administrator should know of the lease. */
export function leaseProblems(facts: LeaseFacts): Problem[] {
  return [
    databaseProblem(facts),
    unsureProblem(facts),
    recordProblem(facts),
    standstillProblem(facts),
    overlapProblem(facts),
  ].filter((problem) => problem !== undefined);
}

function databaseProblem({ view, databaseError }: LeaseFacts): Problem | undefined {
  if (!view.isDatabaseFailing) return undefined;
  const reason = databaseError?.message ?? say('cluster.database.late');
  const isHolder = view.role === 'holding';
  return makeProblem({
    code: 'CLUSTER_DATABASE_FAILING',
    severity: 'warning',
    message: say(isHolder ? 'cluster.database.holding' : 'cluster.database.listening', { reason }),
    advice: say('cluster.database.advice'),
    link: consolePages.database,
  });
}

function unsureProblem({ view, nowMs, confirmedMs }: LeaseFacts): Problem | undefined {
  if (view.role !== 'holding' || view.isSure || confirmedMs === undefined) return undefined;
  return makeProblem({
    code: 'CLUSTER_LEASE_UNSURE',
    severity: 'warning',
    message: say('cluster.unsure', { sinceMs: nowMs - confirmedMs }),
    advice: say('cluster.unsure.advice'),
    link: consolePages.database,
  });
}

function recordProblem({ seen }: LeaseFacts): Problem | undefined {
  if (seen?.parsed?.kind === 'unknownVersion') {
    return makeProblem({
      code: 'CLUSTER_LEASE_VERSION',
      severity: 'warning',
      message: say('cluster.lease-version'),
      advice: say('cluster.same-version'),
      link: consolePages.pluginManagement,
    });
  }
  if (seen?.parsed?.kind === 'unreadable') {
    const { reason } = seen.parsed;
    return makeProblem({
      code: 'CLUSTER_LEASE_UNREADABLE',
      severity: 'warning',
      message: say('cluster.lease-unreadable', { reason, limitMs: takeoverMs }),
      advice: say('cluster.lease-unreadable.advice'),
    });
  }
  return undefined;
}

function standstillProblem({ view, seen, nowMs }: LeaseFacts): Problem | undefined {
  if (view.role === 'holding' || seen === undefined || view.isDatabaseFailing) return undefined;
  const sinceMs = nowMs - seen.sinceMs;
  if (sinceMs < standstillMs) return undefined;
  return makeProblem({
    code: 'CLUSTER_NO_COLLECTOR',
    severity: 'error',
    message: say('cluster.standstill', { sinceMs }),
    advice: say('cluster.standstill.advice'),
    link: consolePages.database,
  });
}

function overlapProblem({ view, overlap, nowMs }: LeaseFacts): Problem | undefined {
  if (overlap === undefined || nowMs - overlap.atMs > overlapToldMs) return undefined;
  const sinceMs = overlap.unsureMs;
  if (sinceMs >= fenceMs) {
    const host = view.holder?.host;
    return makeProblem({
      code: 'CLUSTER_TWO_COLLECTORS',
      severity: 'warning',
      message:
        host === undefined
          ? say('cluster.two', { sinceMs })
          : say('cluster.two.known', { sinceMs, host }),
      advice: say('cluster.two.advice'),
      link: consolePages.database,
    });
  }
  return makeProblem({
    code: 'CLUSTER_LEASE_OVERWRITTEN',
    severity: 'warning',
    message: say('cluster.overwritten', { afterMs: sinceMs }),
    advice: say('cluster.overwritten.advice'),
  });
}
