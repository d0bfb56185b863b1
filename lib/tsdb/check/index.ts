export { checkDirectory, isBlockDirectory, type CheckOptions } from './check-directory.ts';
export type { CheckSummary, Finding, Findings as CheckFindings, Severity } from './finding.ts';
export { walkWal, type WalEntry } from './walk-wal.ts';
