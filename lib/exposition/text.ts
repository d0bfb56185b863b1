const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Longer texts decode faster natively, whatever they hold. */
const shortText = 40;

/**
 * So many characters joined one by one make a string of its own; of more the engine would keep the
 * parts until somebody looks at them.
 */
const maxJoined = 12;

/** Node's own, which its types leave out: makes one flat string of any bytes. */
const { latin1Slice } = Buffer.prototype as unknown as {
  latin1Slice: (this: Uint8Array, start: number, end: number) => string;
};

/** Text of `body[start, end)`, or undefined when it is not UTF-8. */
export function decodeUtf8(body: Uint8Array, start: number, end: number): string | undefined {
  if (end - start <= shortText && isAscii(body, start, end)) return asciiText(body, start, end);
  try {
    return utf8.decode(body.subarray(start, end));
  } catch {
    return undefined;
  }
}

/** Text of `body[start, end)`, which holds ASCII only. */
export function asciiText(body: Uint8Array, start: number, end: number): string {
  if (end - start > maxJoined) return latin1Slice.call(body, start, end);
  let text = '';
  for (let at = start; at < end; at++) text += String.fromCharCode(body[at]!);
  return text;
}

function isAscii(body: Uint8Array, start: number, end: number): boolean {
  let bits = 0;
  for (let at = start; at < end; at++) bits |= body[at]!;
  return bits < 0x80;
}
