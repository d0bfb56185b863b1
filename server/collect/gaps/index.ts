export { ledgerFile, metadataFile, type LedgerFile } from './gap-file.ts';
export { GapLedger, type LedgerOptions } from './gap-ledger.ts';
export type { GapReason } from './gap-reasons.ts';
