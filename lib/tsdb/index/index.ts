export type { IndexToc } from './layout.ts';
export { IndexReader, type IndexSeries, type RawSeries } from './reader.ts';
export { IndexWriter, type ByteSink } from './writer.ts';
