/**
 * Bytes as they come, in pieces of exactly `pieceBytes` but the last one. Each piece has a buffer of its
 * own, so that it can move to another thread; one that came back may be given to be filled again.
 */
export async function* inPieces(
  chunks: AsyncIterable<Uint8Array>,
  pieceBytes: number,
  used: () => ArrayBuffer | undefined = () => undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const empty = () => new Uint8Array(used() ?? new ArrayBuffer(pieceBytes));
  let piece = empty();
  let filled = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + pieceBytes - filled);
      piece.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < pieceBytes) continue;
      yield piece;
      piece = empty();
      filled = 0;
    }
  }
  if (filled > 0) yield piece.slice(0, filled);
}
