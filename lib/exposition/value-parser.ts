import { blank, braceOpen, dot, minus, newline, plus, tab } from './bytes.ts';
import { maxValueChars } from './limits.ts';
import { divideLong } from './long-decimal.ts';
import { asciiText } from './text.ts';

/** The token is not a number. */
export const notANumber = -1;
/** The token is a number that does not fit into 64 bits. */
export const outOfRange = -2;

/** As long as the first part of the digits is below this, one more digit leaves it a small integer. */
const firstRoom = 100_000_000;

/** Digits behind the first nine that still give an exact double together with them. */
const maxSecondDigits = 6;

/** Digits behind those that are still taken together with them. */
const maxRestDigits = 6;

/** Powers of ten that a double holds exactly. */
const exactPowers = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${String(power)}`));

/** Past any exponent that matters, so that absurd ones cannot overflow while they are read. */
const exponentCap = 100_000;

/**
 * Parses sample values as Go's ParseFloat does, without hex and underscores, into the two 32-bit
 * halves of the value's bits. Every NaN becomes 7ff80000 00000001.
 */
export class ValueParser {
  /** Low and high half of the last value. */
  readonly halves = new Uint32Array(2);
  readonly #number = new Float64Array(this.halves.buffer);
  /** What the last exponent added to the power of ten. */
  #power = 0;

  /**
   * Parses the token at `start`, which ends at a blank, a newline or an opening brace. Returns the
   * offset behind it, {@link notANumber} or {@link outOfRange}.
   */
  parse(body: Uint8Array, start: number): number {
    let at = start;
    let digit = body[at]! - 48;
    let mantissa = 0;
    // Most values are counts: up to nine digits fit into a small integer, sign and point come later.
    for (const limit = start + 9; digit >= 0 && digit <= 9 && at < limit;) {
      mantissa = mantissa * 10 + digit;
      digit = body[++at]! - 48;
    }
    if (at > start && body[at] === newline) {
      this.#number[0] = mantissa;
      return at;
    }
    return this.#parseDecimal(body, start, at, mantissa);
  }

  /** Goes on behind `digitsEnd`, up to which `[start, digitsEnd)` are the digits of `read`. */
  #parseDecimal(body: Uint8Array, start: number, digitsEnd: number, read: number): number {
    let at = digitsEnd;
    if (at === start && (body[start] === minus || body[start] === plus)) at++;

    // Digits gather in three small integers, for a chain of floating-point operations is slow:
    // the first nine, six more that are exact together with them, and what is left of a few more.
    let first = read;
    let second = 0;
    let secondDigits = 0;
    let rest = 0;
    let restDigits = 0;
    const digitsStart = at === start + 1 && digitsEnd === start ? at : start;
    let fractionStart = -1;
    for (; ; at++) {
      const byte = body[at]!;
      const digit = byte - 48;
      if (digit >= 0 && digit <= 9) {
        if (first < firstRoom) first = (Math.imul(first, 10) + digit) | 0;
        else if (secondDigits < maxSecondDigits) {
          second = (Math.imul(second, 10) + digit) | 0;
          secondDigits++;
        } else if (restDigits++ < maxRestDigits) rest = (Math.imul(rest, 10) + digit) | 0;
      } else if (byte === dot && fractionStart < 0) fractionStart = at + 1;
      else break;
    }
    const fractionDigits = fractionStart < 0 ? 0 : at - fractionStart;
    const digits = at - digitsStart - (fractionStart < 0 ? 0 : 1);
    if (digits === 0) return this.#parseWord(body, start);

    this.#power = 0;
    if ((body[at]! | 0x20) === 0x65) at = this.#parseExponent(body, at + 1);
    if (at < 0) return notANumber;
    const power = this.#power - fractionDigits;
    const mantissa = secondDigits === 0 ? first : first * exactPowers[secondDigits]! + second;
    if (restDigits > 0) return this.#finishLong(body, start, at, mantissa, rest, restDigits, power);
    return this.#finish(body, start, at, mantissa, power);
  }

  /** Reads what follows the `e`; the offset behind it, or {@link notANumber}. */
  #parseExponent(body: Uint8Array, start: number): number {
    const isSmall = body[start] === minus;
    const digitsStart = isSmall || body[start] === plus ? start + 1 : start;
    let at = digitsStart;
    let power = 0;
    for (let digit = body[at]! - 48; digit >= 0 && digit <= 9; digit = body[++at]! - 48) {
      if (power < exponentCap) power = power * 10 + digit;
    }
    this.#power = isSmall ? -power : power;
    return at === digitsStart ? notANumber : at;
  }

  /** Makes the value of `mantissa` and a power of ten. */
  #finish(body: Uint8Array, start: number, end: number, mantissa: number, power: number): number {
    if (!endsToken(body[end]!)) return notANumber;
    // One multiplication or division of two exact doubles rounds once, hence correctly (Clinger).
    let value: number;
    if (mantissa === 0) value = 0;
    else if (power > 22 || power < -22) return this.#parseSlowly(body, start, end);
    else if (power < 0) value = mantissa / exactPowers[-power]!;
    else value = mantissa * exactPowers[power]!;
    this.#number[0] = body[start] === minus ? -value : value;
    return end;
  }

  /** As {@link #finish} for `mantissa` followed by the `restDigits` digits of `rest`. */
  #finishLong(
    body: Uint8Array,
    start: number,
    end: number,
    mantissa: number,
    rest: number,
    restDigits: number,
    power: number,
  ): number {
    if (!endsToken(body[end]!)) return notANumber;
    if (restDigits > maxRestDigits || power >= 0 || power < -22) {
      return this.#parseSlowly(body, start, end);
    }
    const value = divideLong(mantissa, exactPowers[restDigits]!, rest, exactPowers[-power]!);
    if (Number.isNaN(value)) return this.#parseSlowly(body, start, end);
    this.#number[0] = body[start] === minus ? -value : value;
    return end;
  }

  /** A decimal whose grammar is already checked; the engine rounds it correctly. */
  #parseSlowly(body: Uint8Array, start: number, end: number): number {
    if (end - start > maxValueChars) return notANumber;
    const value = Number(asciiText(body, start, end));
    if (!Number.isFinite(value)) return outOfRange;
    this.#number[0] = value;
    return end;
  }

  /** `inf` and `infinity` with an optional sign, `nan` without one, in any case. */
  #parseWord(body: Uint8Array, start: number): number {
    let end = start;
    while (!endsToken(body[end]!) && end - start <= '+infinity'.length) end++;
    if (!endsToken(body[end]!)) return notANumber;
    switch (asciiText(body, start, end).toLowerCase()) {
      case 'nan':
        this.halves[0] = 1;
        this.halves[1] = 0x7ff80000;
        return end;
      case 'inf':
      case '+inf':
      case 'infinity':
      case '+infinity':
        this.#number[0] = Infinity;
        return end;
      case '-inf':
      case '-infinity':
        this.#number[0] = -Infinity;
        return end;
      default:
        return notANumber;
    }
  }
}

function endsToken(byte: number): boolean {
  return byte === newline || byte === blank || byte === tab || byte === braceOpen;
}
