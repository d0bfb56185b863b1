export { parseContent, wholeContent, type DumpContent } from './content.ts';
export { DumpCoverage } from './coverage.ts';
export { hostOf, seriesFilter, valueTests, type ValueTest } from './filter.ts';
export { temporaryBytes } from './room.ts';
export {
  groupOverlapping,
  overlaps,
  selectBlocks,
  share,
  type SourceBlock,
  type TimeRange,
} from './selection.ts';
