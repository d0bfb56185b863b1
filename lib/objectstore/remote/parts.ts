/**
 * Chunks as parts of exactly `partBytes`, but the last, which has what is left: at least one byte
 * unless there was none at all. A part is given when it is known whether it is the last one.
 */
export async function* partsOf(
  chunks: AsyncIterable<Uint8Array>,
  partBytes: number,
): AsyncGenerator<{ bytes: Uint8Array; isLast: boolean }, void, undefined> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const chunk of chunks) {
    let rest = chunk;
    while (heldBytes + rest.length > partBytes) {
      const fitting = partBytes - heldBytes;
      yield { bytes: joined([...held, rest.subarray(0, fitting)]), isLast: false };
      held = [];
      heldBytes = 0;
      rest = rest.subarray(fitting);
    }
    held.push(rest);
    heldBytes += rest.length;
  }
  yield { bytes: joined(held), isLast: true };
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}
