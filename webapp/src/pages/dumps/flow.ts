import type { Dump } from '../../../../api/index.ts';
import type { RequestFailure } from '../../api/failure.ts';
import type { DumpChoice } from './options.ts';

/** A dump that was asked for on this page, from the click to the end. */
export type Flow =
  | { kind: 'asking'; choice: DumpChoice }
  | { kind: 'refused'; choice: DumpChoice; failure: RequestFailure }
  | { kind: 'following'; choice: DumpChoice; id: string };

/** What the panel above the list shows of it. */
export type FlowView =
  | { kind: 'working'; dump: Dump | null; before: number }
  | { kind: 'ready'; dump: Dump }
  | { kind: 'failed'; dump: Dump }
  | { kind: 'cancelled'; dump: Dump }
  | { kind: 'gone' }
  | { kind: 'refused'; failure: RequestFailure };

/** Combines what was asked for with the newest list. */
export function viewFlow(flow: Flow, dumps: readonly Dump[]): FlowView {
  switch (flow.kind) {
    case 'asking':
      return { kind: 'working', dump: null, before: 0 };
    case 'refused':
      return { kind: 'refused', failure: flow.failure };
    case 'following': {
      const dump = dumps.find((candidate) => candidate.id === flow.id);
      return dump === undefined ? { kind: 'gone' } : viewDump(dump, dumps);
    }
  }
}

function viewDump(dump: Dump, dumps: readonly Dump[]): FlowView {
  switch (dump.state) {
    case 'queued':
    case 'running':
      return { kind: 'working', dump, before: dumpsBefore(dump, dumps) };
    case 'ready':
      return { kind: 'ready', dump };
    case 'failed':
      return { kind: 'failed', dump };
    case 'cancelled':
      return { kind: 'cancelled', dump };
  }
}

/** How many dumps come first: each node builds those that it was asked for, one after another. */
export function dumpsBefore(dump: Dump, dumps: readonly Dump[]): number {
  if (dump.state !== 'queued') {
    return 0;
  }
  const isFirst = (other: Dump) =>
    other.state === 'running' || (other.state === 'queued' && other.createdAtMs < dump.createdAtMs);
  return dumps.filter((other) => other.node === dump.node && isFirst(other)).length;
}

export function isActive(dump: Dump): boolean {
  return dump.state === 'queued' || dump.state === 'running';
}

export const ACTIVE_POLL_MS = 1_000;
export const IDLE_POLL_MS = 20_000;

/** Pace of the list: quick while something is being built, here or elsewhere. */
export function listDelayMs(dumps: readonly Dump[]): number {
  return dumps.some(isActive) ? ACTIVE_POLL_MS : IDLE_POLL_MS;
}

/** The list with one dump put first or brought up to date. */
export function withDump(dumps: readonly Dump[], dump: Dump): Dump[] {
  return [dump, ...dumps.filter((other) => other.id !== dump.id)];
}
