import { SampleColumns, decodeChunk, type BlockReader } from '../../lib/tsdb/index.ts';
import type { InspectCommand } from './command-line.ts';
import { columns, type Line, type Listing } from './output.ts';
import {
  many,
  labelsObject,
  labelsText,
  quoted,
  sizeText,
  timeText,
  valueText,
} from './printable.ts';
import { openBlocks, storedBlocks, type TellTrouble } from './stored-blocks.ts';

/** The only encoding whose samples can be shown. */
const xorEncoding = 1;

/** A table of blocks, oldest first. */
export function listBlocks(command: InspectCommand, tell: TellTrouble): Listing {
  const blocks = storedBlocks(command, tell);
  const titles = ['ULID', 'FROM', 'TO', 'SAMPLES', 'SERIES', 'SIZE', 'LEVEL', 'SOURCES'];
  const rows = blocks.map(({ meta, sizeBytes }) => {
    const { compaction, maxTime, minTime, stats, ulid } = meta;
    const ofItself = compaction.sources.length === 1 && compaction.sources[0] === ulid;
    return [
      ...[ulid, timeText(minTime), timeText(maxTime), stats.numSamples, stats.numSeries],
      ...[sizeText(sizeBytes), compaction.level],
      ofItself ? 'itself' : compaction.sources.join(' '),
    ];
  });
  const [head = '', ...texts] = columns([titles, ...rows]);
  const lines = blocks.map(({ meta, sizeBytes }, at): Line => {
    const { compaction, maxTime, minTime, stats, ulid } = meta;
    const { level, sources } = compaction;
    const json = { ulid, fromMs: minTime, toMs: maxTime, ...stats, sizeBytes, level, sources };
    return { text: texts[at] ?? '', json };
  });
  return { head, lines };
}

/** Series of all blocks, block by block. */
export function* listSeries(command: InspectCommand, tell: TellTrouble): Generator<Line> {
  for (const { labels, chunks, ulid } of chosenSeries(command, tell)) {
    const first = chunks[0];
    const last = chunks.at(-1);
    if (first === undefined || last === undefined) continue;
    const place = `${ulid}  ${timeText(first.mint)}  ${timeText(last.maxt)}`;
    const text = `${place}  ${many(chunks.length, 'chunk')}  ${labelsText(labels)}`;
    const range = { firstMs: first.mint, lastMs: last.maxt, chunks: chunks.length };
    yield { text, json: { block: ulid, labels: labelsObject(labels), ...range } };
  }
}

/** Chunks of the chosen series. */
export function* listChunks(command: InspectCommand, tell: TellTrouble): Generator<Line> {
  for (const { labels, chunks, ulid, reader, tolerate } of chosenSeries(command, tell)) {
    for (const meta of chunks) {
      const chunk = attempt(() => reader.chunk(meta), tolerate);
      if (chunk === undefined) continue;
      const { data, encoding, numSamples } = chunk;
      const segment = Math.floor(meta.ref / 2 ** 32) + 1;
      const place = `${String(segment).padStart(6, '0')}@${String(meta.ref % 2 ** 32)}`;
      const kind = encoding === xorEncoding ? 'XOR' : `encoding ${String(encoding)}`;
      const size = `${many(numSamples, 'sample')}  ${String(data.length)} B  ${kind}`;
      const range = `${timeText(meta.mint)}  ${timeText(meta.maxt)}`;
      const json = {
        ...{ block: ulid, labels: labelsObject(labels), firstMs: meta.mint, lastMs: meta.maxt },
        ...{ samples: numSamples, sizeBytes: data.length, encoding },
        ...{ segment, offset: meta.ref % 2 ** 32 },
      };
      yield { text: `${ulid}  ${place}  ${range}  ${size}  ${labelsText(labels)}`, json };
    }
  }
}

/** Samples of the chosen series, as they are stored: tombstones are not applied. */
export function* listSamples(command: InspectCommand, tell: TellTrouble): Generator<Line> {
  const { fromMs, toMs } = command;
  const samples = new SampleColumns();
  for (const { labels, chunks, ulid, reader, tolerate } of chosenSeries(command, tell)) {
    const shown = labelsText(labels);
    for (const meta of chunks) {
      samples.clear();
      attempt(() => {
        const { data, encoding } = reader.chunk(meta);
        if (encoding === xorEncoding) decodeChunk(data, samples);
      }, tolerate);
      for (let at = 0; at < samples.count; at++) {
        const timeMs = samples.times[at] ?? 0;
        if (timeMs < fromMs || timeMs >= toMs) continue;
        const value = valueText(samples.lo[at] ?? 0, samples.hi[at] ?? 0);
        const json = { block: ulid, labels: labelsObject(labels), timeMs, value };
        yield { text: `${timeText(timeMs)}  ${shown}  ${value}`, json };
      }
    }
  }
}

/** Label names with the number of their values, or the values of one with their series. */
export function* listLabels(command: InspectCommand, tell: TellTrouble): Generator<Line> {
  const { name } = command;
  for (const { meta, reader, tolerate } of openBlocks(command, tell)) {
    const { index } = reader;
    const { ulid } = meta;
    try {
      if (name === undefined) {
        for (const label of index.labelNames()) {
          const values = index.labelValues(label).length;
          const text = `${ulid}  ${quoted(label)}  ${many(values, 'value')}`;
          yield { text, json: { block: ulid, name: label, values } };
        }
        continue;
      }
      for (const value of index.labelValues(name)) {
        const series = index.postings(name, value).length;
        const text = `${ulid}  ${quoted(value)}  ${String(series)} series`;
        yield { text, json: { block: ulid, name, value, series } };
      }
    } catch (error) {
      tolerate(error);
    }
  }
}

interface ChosenSeries {
  readonly ulid: string;
  readonly reader: BlockReader;
  readonly labels: readonly string[];
  /** Those with a part in the range. */
  readonly chunks: readonly { mint: number; maxt: number; ref: number }[];
  /** Takes what reading a chunk threw; told, and the next chunk comes. */
  readonly tolerate: (error: unknown) => void;
}

function* chosenSeries(command: InspectCommand, tell: TellTrouble): Generator<ChosenSeries> {
  const { fromMs, select, toMs } = command;
  for (const { meta, reader, tolerate } of openBlocks(command, tell)) {
    try {
      for (const { labels, chunks: all } of reader.series()) {
        if (!select(labels)) continue;
        const chunks = all.filter(({ mint, maxt }) => mint < toMs && maxt >= fromMs);
        if (chunks.length > 0) yield { ulid: meta.ulid, reader, labels, chunks, tolerate };
      }
    } catch (error) {
      tolerate(error);
    }
  }
}

function attempt<T>(work: () => T, tolerate: (error: unknown) => void): T | undefined {
  try {
    return work();
  } catch (error) {
    tolerate(error);
    return undefined;
  }
}
