export { PageFramer, fragmentHeaderBytes, walPageBytes } from './pages.ts';
export {
  SamplesEncoder,
  decodeSamplesRecord,
  decodeSeriesRecord,
  encodeSeriesRecord,
  walRecordKind,
  type WalSeries,
} from './records.ts';
export {
  checkpointName,
  parseCheckpointName,
  parseWalSegmentName,
  walSegmentName,
} from './segment-name.ts';
export { WalSegmentReader } from './segment-reader.ts';
