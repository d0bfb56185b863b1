/**
 * Chunks as parts of exactly `partBytes`, but the last, which has what is left: at least one byte
 * unless there was none at all. A part is given when it is known whether it is the last one, and its
 * bytes are good until the next one is asked for: all parts share one buffer, because a transfer must
 * not fill the memory with what it has sent.
 */
export async function* partsOf(
  chunks: AsyncIterable<Uint8Array>,
  partBytes: number,
  sizeBytes = Infinity,
): AsyncGenerator<{ bytes: Uint8Array; isLast: boolean }, void, undefined> {
  /** A single chunk needs no room for a whole part. */
  let only: Uint8Array | undefined;
  let part: Buffer | undefined;
  let filled = 0;
  for await (const chunk of chunks) {
    if (filled === 0 && chunk.length <= partBytes && only === undefined) {
      // Its memory is the giver's again when the next one is asked for.
      only = Uint8Array.from(chunk);
      filled = chunk.length;
      continue;
    }
    part ??= Buffer.allocUnsafe(Math.min(partBytes, Math.max(sizeBytes, chunk.length)));
    if (only !== undefined) part = copied(only, part, 0, partBytes);
    only = undefined;
    let rest = chunk;
    while (filled + rest.length > partBytes) {
      const fitting = partBytes - filled;
      part = copied(rest.subarray(0, fitting), part, filled, partBytes);
      yield { bytes: part, isLast: false };
      filled = 0;
      rest = rest.subarray(fitting);
    }
    part = copied(rest, part, filled, partBytes);
    filled += rest.length;
  }
  yield { bytes: only ?? part?.subarray(0, filled) ?? Buffer.alloc(0), isLast: true };
}

/** The part with more bytes in it, in a larger buffer when they are more than was said. */
function copied(bytes: Uint8Array, part: Buffer, at: number, partBytes: number): Buffer {
  const grown = at + bytes.length > part.length ? Buffer.allocUnsafe(partBytes) : part;
  if (grown !== part) grown.set(part.subarray(0, at));
  grown.set(bytes, at);
  return grown;
}
