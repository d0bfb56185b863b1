export { pageBits, pageBytes, pageMask } from './arena.ts';
export type { PageStore } from './closed-window.ts';
export { Head, type AdmittedRange, type AppendCounts } from './head.ts';
export { copyHead, headCopyBuffers, type HeadCopy } from './head-copy.ts';
export { labelValuesSince } from './label-values.ts';
export { defaultMaxSeries, lastGeneration, maxSlots, slotBits } from './limits.ts';
export { Pacer } from './pacer.ts';
export type { LabelCount, SeriesCount } from './series-counts.ts';
export { SeriesTable } from './series-table.ts';
