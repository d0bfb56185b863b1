// Makes gob streams as Go does, with everything that Go may do and some that it never does, together
// with the values that a reader must find in them. It shares no code with lib/gob.
import type { GobValue } from '../../lib/gob/index.ts';
import type { Random } from './random.ts';

interface GrammarType {
  id: number;
  kind: 'slice' | 'array' | 'map' | 'struct' | 'marshaler';
  parts: number[];
  names: string[];
  length: number;
}

/** A whole stream and what is in it. */
export interface GobStream {
  bytes: Uint8Array;
  values: GobValue[];
}

const scalarIds = [1, 2, 3, 4, 5, 6, 7, 8];
const names = ['A', 'B', 'Name', 'Id', '__proto__', 'constructor', 'Ünï', 'Seq', 'typeName'];
const texts = ['', 'x', 'Plugin.OnActivate', '\ufeffmark', 'ü€😀', '__proto__', 'a\u0000b'];
const maxDepth = 6;

export function makeGobStream(random: Random): GobStream {
  return new GobGrammar(random).stream();
}

class GobGrammar {
  readonly #random: Random;
  readonly #types: GrammarType[] = [];
  readonly #sent = new Set<number>();
  readonly #out: number[] = [];
  /** The buffer that is being filled; inside an interface it is the innermost one. */
  #buffer: number[] = [];
  #insideInterfaces = 0;

  constructor(random: Random) {
    this.#random = random;
    const count = random.below(5);
    for (let at = 0; at < count; at++) this.#types.push(this.#makeType(64 + at * 3, count));
  }

  stream(): GobStream {
    const random = this.#random;
    const values: GobValue[] = [];
    for (let left = 1 + random.below(3); left > 0; left--) {
      const id = this.#anyId();
      this.#defineAll(id);
      this.#int(id);
      if (this.#kindOf(id) !== 'struct') this.#uint(0);
      values.push(this.#value(id, 0));
      this.#flush();
    }
    return { bytes: Uint8Array.from(this.#out), values };
  }

  /** Parts may be types that come later, or the type itself: streams may define circles. */
  #makeType(id: number, count: number): GrammarType {
    const random = this.#random;
    const kind = random.pick(['slice', 'array', 'map', 'struct', 'struct', 'marshaler'] as const);
    const part = () =>
      random.oneIn(2) ? random.pick(scalarIds) : 64 + random.below(Math.max(count, 1)) * 3;
    // An array that contains itself has no value.
    if (kind === 'array') {
      return { id, kind, parts: [random.pick(scalarIds)], names: [], length: random.below(4) };
    }
    const fieldNames = kind === 'struct' ? names.filter(() => random.oneIn(3)) : [];
    const partCount = { slice: 1, map: 2, struct: fieldNames.length, marshaler: 0 }[kind];
    const parts = Array.from({ length: partCount }, part);
    return { id, kind, parts, names: fieldNames, length: random.below(4) };
  }

  #anyId(): number {
    const { id } = this.#random.pick([...this.#types, { id: 0 }]);
    return id === 0 ? this.#random.pick(scalarIds) : id;
  }

  #typeOf(id: number): GrammarType | undefined {
    return this.#types.find((type) => type.id === id);
  }

  #kindOf(id: number): string {
    return this.#typeOf(id)?.kind ?? 'scalar';
  }

  /** Definitions of a type and its parts, each in a message of its own. */
  #defineAll(id: number): void {
    const type = this.#typeOf(id);
    if (type === undefined || this.#sent.has(id)) return;
    this.#sent.add(id);
    this.#definition(type);
    this.#flush();
    for (const part of type.parts) this.#defineAll(part);
  }

  #definition({ id, kind, parts, names: fieldNames, length }: GrammarType): void {
    this.#int(-id);
    const deltas = { array: 1, slice: 2, struct: 3, map: 4, marshaler: 5 + this.#random.below(3) };
    this.#uint(deltas[kind]);
    this.#uint(1);
    if (this.#random.oneIn(2)) {
      this.#uint(1);
      this.#text(this.#random.pick(texts));
      this.#uint(1);
    } else this.#uint(2);
    // Go itself sends another number here.
    this.#int(this.#random.oneIn(4) ? id + 1 : id);
    this.#uint(0);
    if (kind === 'struct' && fieldNames.length > 0) {
      this.#uint(1);
      this.#uint(fieldNames.length);
      fieldNames.forEach((name, at) => {
        this.#uint(1);
        this.#text(name);
        this.#uint(1);
        this.#int(parts[at] ?? 0);
        this.#uint(0);
      });
    } else if (kind !== 'struct') {
      for (const part of parts) {
        this.#uint(1);
        this.#int(part);
      }
    }
    if (kind === 'array' && length > 0) {
      this.#uint(1);
      this.#int(length);
    }
    this.#uint(0);
    this.#uint(0);
  }

  #value(id: number, depth: number): GobValue {
    const random = this.#random;
    const type = this.#typeOf(id);
    switch (type?.kind) {
      case undefined:
        return id === 8 ? this.#interface(depth) : this.#scalar(id);
      case 'marshaler':
        return this.#bytes();
      case 'array':
        this.#uint(type.length);
        return Array.from({ length: type.length }, () =>
          this.#value(type.parts[0] ?? 0, depth + 1),
        );
      case 'slice': {
        const length = depth >= maxDepth ? 0 : random.below(4);
        this.#uint(length);
        return Array.from({ length }, () => this.#value(type.parts[0] ?? 0, depth + 1));
      }
      case 'map':
        return this.#map(type, depth);
      case 'struct':
        return this.#struct(type, depth);
    }
  }

  #map(type: GrammarType, depth: number): GobValue {
    const count = depth >= maxDepth ? 0 : this.#random.below(3);
    this.#uint(count);
    const result = new Map<GobValue, GobValue>();
    for (let at = 0; at < count; at++) {
      const key = this.#value(type.parts[0] ?? 0, depth + 1);
      result.set(key, this.#value(type.parts[1] ?? 0, depth + 1));
    }
    return result;
  }

  #struct(type: GrammarType, depth: number): GobValue {
    const result = Object.create(null) as Record<string, GobValue>;
    let last = -1;
    type.names.forEach((name, at) => {
      if (depth >= maxDepth || this.#random.oneIn(3)) return;
      this.#uint(at - last);
      last = at;
      result[name] = this.#value(type.parts[at] ?? 0, depth + 1);
    });
    this.#uint(0);
    return result;
  }

  #interface(depth: number): GobValue {
    if (depth >= maxDepth || this.#random.oneIn(4)) {
      this.#uint(0);
      return null;
    }
    const typeName = this.#random.pick(texts.slice(1));
    this.#text(typeName);
    const id = this.#anyId();
    this.#defineInline(id);
    this.#int(id);
    const outer = this.#buffer;
    this.#buffer = [];
    this.#insideInterfaces++;
    if (this.#kindOf(id) !== 'struct') this.#uint(0);
    const value = this.#value(id, depth + 1);
    const inner = this.#buffer;
    this.#buffer = outer;
    this.#insideInterfaces--;
    // Readers must not need it: what is defined inside would be lost to one that skips.
    this.#uint(this.#random.oneIn(8) ? this.#random.below(1000) : inner.length);
    this.#buffer.push(...inner);
    return { typeName, value };
  }

  /**
   * A type that is first met inside an interface value: the message ends behind its definition, or
   * inside another interface value a further piece with a count begins.
   */
  #defineInline(id: number): void {
    const type = this.#typeOf(id);
    if (type === undefined || this.#sent.has(id)) return;
    this.#sent.add(id);
    this.#definition(type);
    if (this.#insideInterfaces === 0) this.#flush();
    else this.#uint(this.#random.below(300));
    for (const part of type.parts) this.#defineInline(part);
  }

  #scalar(id: number): GobValue {
    const random = this.#random;
    switch (id) {
      case 1:
        this.#uint(random.below(2));
        return this.#buffer.at(-1) === 1;
      case 2: {
        const raw = random.uint64();
        this.#uint(raw);
        return narrow((raw & 1n) === 1n ? -(raw >> 1n) - 1n : raw >> 1n);
      }
      case 3: {
        const raw = random.uint64();
        this.#uint(raw);
        return narrow(raw);
      }
      case 4:
        return this.#float();
      case 5:
        return this.#bytes();
      case 6: {
        const text = random.pick(texts);
        this.#text(text);
        return text;
      }
      default:
        return { re: this.#float(), im: this.#float() };
    }
  }

  #float(): number {
    const raw = this.#random.uint64();
    this.#uint(raw);
    const bits = Buffer.alloc(8);
    bits.writeBigUInt64BE(raw);
    return bits.readDoubleLE();
  }

  #bytes(): Uint8Array {
    const bytes = this.#random.bytes(this.#random.below(20));
    this.#uint(bytes.length);
    this.#buffer.push(...bytes);
    return bytes;
  }

  #text(text: string): void {
    const bytes = Buffer.from(text);
    this.#uint(bytes.length);
    this.#buffer.push(...bytes);
  }

  #int(value: number): void {
    this.#uint(value < 0 ? -value * 2 - 1 : value * 2);
  }

  #uint(value: number | bigint): void {
    const wide = BigInt(value);
    if (wide < 0x80n) {
      this.#buffer.push(Number(wide));
      return;
    }
    const digits = wide.toString(16);
    const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
    this.#buffer.push(0x100 - bytes.length, ...bytes);
  }

  /** Ends the message. */
  #flush(): void {
    const message = this.#buffer;
    this.#buffer = [];
    this.#uint(message.length);
    this.#out.push(...this.#buffer, ...message);
    this.#buffer = [];
  }
}

function narrow(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
