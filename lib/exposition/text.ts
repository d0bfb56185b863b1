const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Longer texts decode faster natively, whatever they hold. */
const shortText = 40;

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
  let text = '';
  let at = start;
  // Eight characters at once make one string instead of eight.
  for (; at + 8 <= end; at += 8) {
    const [a, b, c, d] = [body[at]!, body[at + 1]!, body[at + 2]!, body[at + 3]!];
    const [e, f, g, h] = [body[at + 4]!, body[at + 5]!, body[at + 6]!, body[at + 7]!];
    text += String.fromCharCode(a, b, c, d, e, f, g, h);
  }
  for (; at < end; at++) text += String.fromCharCode(body[at]!);
  return text;
}

function isAscii(body: Uint8Array, start: number, end: number): boolean {
  let bits = 0;
  for (let at = start; at < end; at++) bits |= body[at]!;
  return bits < 0x80;
}
