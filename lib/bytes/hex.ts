import { BytesError } from './errors.ts';

/** Lower-case hex of `bytes`; longer input is cut at `limit` bytes and marked with an ellipsis. */
export function toHex(bytes: Uint8Array, limit = Infinity): string {
  let text = '';
  const count = Math.min(bytes.length, limit);
  for (let at = 0; at < count; at++) text += bytes[at]!.toString(16).padStart(2, '0');
  return count < bytes.length ? `${text}…` : text;
}

/** Bytes of a hex text; blanks between digits are allowed so that vectors can be laid out. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, '');
  if (digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) {
    throw new BytesError('BYTES_BAD_HEX', 'not a hex text of whole bytes', 0);
  }
  const bytes = new Uint8Array(digits.length / 2);
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16);
  }
  return bytes;
}
