/** The bytes that the text format gives a meaning to, and classes of bytes. */
export const tab = 9;
export const newline = 10;
export const carriageReturn = 13;
export const blank = 32;
export const quote = 34;
export const hash = 35;
export const plus = 43;
export const comma = 44;
export const minus = 45;
export const dot = 46;
export const equals = 61;
export const backslash = 92;
export const braceOpen = 123;
export const braceClose = 125;

const labelStart = 1;
const labelPart = 2;
const nameStart = 4;
const namePart = 8;

/** Class bits per byte. */
const classes = classify();

function classify(): Uint8Array {
  const bits = new Uint8Array(256);
  const add = (from: string, to: string, value: number) => {
    for (let byte = from.charCodeAt(0); byte <= to.charCodeAt(0); byte++) bits[byte]! |= value;
  };
  const letter = labelStart | labelPart | nameStart | namePart;
  add('a', 'z', letter);
  add('A', 'Z', letter);
  add('_', '_', letter);
  add('0', '9', labelPart | namePart);
  add(':', ':', nameStart | namePart);
  return bits;
}

export function isLabelStart(byte: number): boolean {
  return (classes[byte]! & labelStart) !== 0;
}

export function isLabelPart(byte: number): boolean {
  return (classes[byte]! & labelPart) !== 0;
}

export function isNameStart(byte: number): boolean {
  return (classes[byte]! & nameStart) !== 0;
}

export function isNamePart(byte: number): boolean {
  return (classes[byte]! & namePart) !== 0;
}

/** First offset at or after `at` that holds neither space nor tab. Bodies end in a newline. */
export function skipBlanks(body: Uint8Array, at: number): number {
  let next = at;
  while (body[next] === blank || body[next] === tab) next++;
  return next;
}
