const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Longer texts decode faster natively, whatever they hold. */
const shortText = 48;

/** Text of `body[start, end)`, or undefined when it is not UTF-8. */
export function decodeUtf8(body: Uint8Array, start: number, end: number): string | undefined {
  if (end - start <= shortText) {
    let text = '';
    let at = start;
    for (; at < end && body[at]! < 0x80; at++) text += String.fromCharCode(body[at]!);
    if (at === end) return text;
  }
  try {
    return utf8.decode(body.subarray(start, end));
  } catch {
    return undefined;
  }
}

/** Text of `body[start, end)`, which holds ASCII only. */
export function asciiText(body: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at++) text += String.fromCharCode(body[at]!);
  return text;
}
