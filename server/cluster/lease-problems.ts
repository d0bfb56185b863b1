import { consolePages, type Problem } from '../../api/index.ts';
import type { ParsedLease } from './lease-record.ts';
import type { LeaseView } from './lease-view.ts';
import { fenceMs, overlapToldMs, standstillMs } from './limits.ts';

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
  const reason = databaseError?.message ?? 'no answer in time';
  const isHolder = view.role === 'holding';
  return {
    code: 'CLUSTER_DATABASE_FAILING',
    severity: 'warning',
    message: `The database does not answer this node: ${reason}. ${
      isHolder ? 'Collecting goes on.' : 'This node cannot tell whether another one collects.'
    }`,
    advice: 'Check the connection of this server to its database; all resumes by itself.',
    link: consolePages.database,
  };
}

function unsureProblem({ view, nowMs, confirmedMs }: LeaseFacts): Problem | undefined {
  if (view.role !== 'holding' || view.isSure || confirmedMs === undefined) return undefined;
  return {
    code: 'CLUSTER_LEASE_UNSURE',
    severity: 'warning',
    message: `This node collects, but could not confirm that for ${seconds(nowMs - confirmedMs)}. Nothing is deleted from the file store meanwhile; if another node reaches the database, it collects too.`,
    advice: 'Check the connection of this server to its database; nothing is lost.',
    link: consolePages.database,
  };
}

function recordProblem({ seen }: LeaseFacts): Problem | undefined {
  if (seen?.parsed?.kind === 'unknownVersion') {
    return {
      code: 'CLUSTER_LEASE_VERSION',
      severity: 'warning',
      message: 'A node with a newer version of the plugin collects; this node cannot tell which.',
      advice: 'Install the same version of the plugin on all nodes.',
      link: consolePages.pluginManagement,
    };
  }
  if (seen?.parsed?.kind === 'unreadable') {
    return {
      code: 'CLUSTER_LEASE_UNREADABLE',
      severity: 'warning',
      message: `The record of the collecting node cannot be read: ${seen.parsed.reason}. It is replaced when it does not change for 15 s.`,
      advice: 'If this stays, find out what else writes the plugin’s keys.',
    };
  }
  return undefined;
}

function standstillProblem({ view, seen, nowMs }: LeaseFacts): Problem | undefined {
  if (view.role === 'holding' || seen === undefined || view.isDatabaseFailing) return undefined;
  const forMs = nowMs - seen.sinceMs;
  if (forMs < standstillMs) return undefined;
  return {
    code: 'CLUSTER_NO_COLLECTOR',
    severity: 'error',
    message: `As far as this node can read, no node has been collecting for ${seconds(forMs)}, but the database refuses that it takes over.`,
    advice:
      'Check that the read replica of the database follows its primary, and that the primary can be written to.',
    link: consolePages.database,
  };
}

function overlapProblem({ view, overlap, nowMs }: LeaseFacts): Problem | undefined {
  if (overlap === undefined || nowMs - overlap.atMs > overlapToldMs) return undefined;
  const now = view.holder === undefined ? 'another node' : `node ${view.holder.host}`;
  if (overlap.unsureMs >= fenceMs) {
    return {
      code: 'CLUSTER_TWO_COLLECTORS',
      severity: 'warning',
      message: `This node had no contact with the database for ${seconds(overlap.unsureMs)}, and ${now} took over. Both may have collected meanwhile: rates stay right, counts of samples do not.`,
      advice:
        'Check why this server was cut off from its database, or stood still. This message goes away by itself.',
      link: consolePages.database,
    };
  }
  return {
    code: 'CLUSTER_LEASE_OVERWRITTEN',
    severity: 'warning',
    message: `The lease of this node was overwritten ${seconds(overlap.unsureMs)} after its last confirmation, sooner than a node of this plugin does.`,
    advice:
      'Find out what else writes the plugin’s keys, or whether the database was restored from a backup.',
  };
}

function seconds(durationMs: number): string {
  return `${Math.round(durationMs / 1000)} s`;
}
