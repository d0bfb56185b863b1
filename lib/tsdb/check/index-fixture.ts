import { ByteWriter, crc32c } from '../../bytes/index.ts';

/** An index said plainly, so that tests can make one that is wrong and has right checksums. */
export interface PlainIndex {
  symbols: string[];
  series: { labels: number[]; chunks: { mint: number; maxt: number; ref: number }[] }[];
  /** Which series each list names, by their place in `series`. */
  lists: number[][];
  /** `list` is a place in `lists`. */
  table: { name: string; value: string; list: number }[];
}

/** A right index of three series with one chunk each, of which the places are given. */
export function plainIndex(refs: readonly number[]): PlainIndex {
  const chunk = (at: number) => [{ mint: 1000, maxt: 2000, ref: refs[at]! }];
  return {
    symbols: ['__name__', 'a', 'b', 'x', 'y'],
    series: [
      { labels: [0, 1], chunks: chunk(0) },
      { labels: [0, 1, 3, 4], chunks: chunk(1) },
      { labels: [0, 2, 3, 4], chunks: chunk(2) },
    ],
    lists: [[0, 1, 2], [0, 1], [2], [1, 2]],
    table: [
      { name: '', value: '', list: 0 },
      { name: '__name__', value: 'a', list: 1 },
      { name: '__name__', value: 'b', list: 2 },
      { name: 'x', value: 'y', list: 3 },
    ],
  };
}

/** Bytes of an index as it was said, right or wrong; `pad` fills the gaps between series. */
export function printIndex(index: PlainIndex, pad = 0): Uint8Array {
  const writer = new ByteWriter().u32be(0xbaaad700).u8(2);
  const symbols = new ByteWriter().u32be(index.symbols.length);
  for (const symbol of index.symbols) symbols.str(symbol);
  section(writer, symbols.finish());
  const seriesAt = writer.length;
  const refs = index.series.map((series) => {
    while (writer.length % 16 !== 0) writer.u8(pad);
    const ref = writer.length / 16;
    const body = seriesBody(series).finish();
    writer.uvarint(body.length).bytes(body).u32be(crc32c(body));
    return ref;
  });
  const postingsAt = writer.length;
  const offsets = index.lists.map((list) => {
    while (writer.length % 4 !== 0) writer.u8(0);
    const offset = writer.length;
    const body = new ByteWriter().u32be(list.length);
    for (const at of list) body.u32be(refs[at]!);
    section(writer, body.finish());
    return offset;
  });
  const tableAt = writer.length;
  const table = new ByteWriter().u32be(index.table.length);
  for (const { name, value, list } of index.table) {
    table
      .uvarint(2)
      .str(name)
      .str(value)
      .uvarint(offsets[list] ?? postingsAt + list);
  }
  section(writer, table.finish());
  const toc = new ByteWriter();
  for (const at of [5, seriesAt, postingsAt, tableAt, postingsAt, tableAt]) toc.u64be(at);
  return writer.bytes(toc.finish()).u32be(crc32c(toc.finish())).finish();
}

function seriesBody({ labels, chunks }: PlainIndex['series'][number]): ByteWriter {
  const body = new ByteWriter().uvarint(labels.length / 2);
  for (const label of labels) body.uvarint(label);
  body.uvarint(chunks.length);
  chunks.forEach(({ mint, maxt, ref }, at) => {
    const last = chunks[at - 1];
    if (last === undefined) body.varint(mint);
    else body.uvarint(mint - last.maxt);
    body.uvarint(maxt - mint);
    if (last === undefined) body.uvarint(ref);
    else body.varint(ref - last.ref);
  });
  return body;
}

function section(writer: ByteWriter, content: Uint8Array): void {
  writer.u32be(content.length).bytes(content).u32be(crc32c(content));
}
