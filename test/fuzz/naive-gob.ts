// A second reader of gob, written from the format's description for comparison only: it sees a whole
// stream at once, knows integers only as bigints, and recurses. Slow, short, and unlike lib/gob.
import type { GobValue } from '../../lib/gob/index.ts';

interface NaiveType {
  kind: string;
  parts: number[];
  names: string[];
  length: number;
}

/** Kinds of the scalars and of the empty interface, by type id. */
const predefined = ['', 'bool', 'int', 'uint', 'float', 'bytes', 'string', 'complex', 'interface'];
const definitionKinds = ['array', 'slice', 'struct', 'map', 'marshaler', 'marshaler', 'marshaler'];

export class NaiveRefusal extends Error {}
/** The stream is right as far as it goes. */
export class NaiveEnd extends Error {}

export class NaiveGobReader {
  readonly #types = new Map<number, NaiveType>();
  #messages: Uint8Array;
  #message = new Uint8Array(0);
  #at = 0;
  /** Whether a message of the current value was seen. */
  #hasBegun = false;

  constructor(stream: Uint8Array) {
    this.#messages = stream;
  }

  /** How the stream ended. */
  get end(): string {
    return this.#hasBegun || this.#messages.length > 0 ? 'inside a value' : 'between values';
  }

  /** The next value; throws {@link NaiveEnd} or {@link NaiveRefusal}. */
  next(): GobValue {
    this.#message = new Uint8Array(0);
    this.#at = 0;
    this.#hasBegun = false;
    const value = this.#typed(this.#sequence(false));
    if (this.#at < this.#message.length) throw new NaiveRefusal('bytes after a value');
    return value;
  }

  #sequence(isInside: boolean): number {
    for (;;) {
      if (this.#at === this.#message.length) this.#load();
      const id = this.#id();
      if (id >= 0) return id;
      this.#define(-id);
      if (this.#at === this.#message.length) continue;
      if (!isInside) throw new NaiveRefusal('bytes after a definition');
      this.#uint();
    }
  }

  #load(): void {
    const first = this.#messages[0];
    if (first === undefined) throw new NaiveEnd();
    const width = first < 0x80 ? 0 : 0x100 - first;
    if (width > 8) throw new NaiveRefusal('length');
    if (this.#messages.length <= width) throw new NaiveEnd();
    let length = width === 0 ? BigInt(first) : 0n;
    for (let i = 1; i <= width; i++) length = length * 256n + BigInt(this.#messages[i] ?? 0);
    if (length === 0n || length > 32n * 1024n * 1024n) throw new NaiveRefusal('length');
    const end = 1 + width + Number(length);
    if (this.#messages.length < end) throw new NaiveEnd();
    this.#message = this.#messages.slice(1 + width, end);
    this.#messages = this.#messages.subarray(end);
    this.#at = 0;
    this.#hasBegun = true;
  }

  #byte(): number {
    const byte = this.#message[this.#at++];
    if (byte === undefined) throw new NaiveRefusal('cut');
    return byte;
  }

  #uint(): bigint {
    const first = this.#byte();
    if (first < 0x80) return BigInt(first);
    if (0x100 - first > 8) throw new NaiveRefusal('integer');
    let value = 0n;
    for (let left = 0x100 - first; left > 0; left--) value = value * 256n + BigInt(this.#byte());
    return value;
  }

  #int(): bigint {
    const value = this.#uint();
    return value % 2n === 0n ? value / 2n : -(value / 2n) - 1n;
  }

  #id(): number {
    const id = this.#int();
    if (id > 0x7fffffffn || id < -0x7fffffffn) throw new NaiveRefusal('id');
    return Number(id);
  }

  #take(): Uint8Array {
    const length = this.#uint();
    if (length > BigInt(this.#message.length - this.#at)) throw new NaiveRefusal('cut');
    const start = this.#at;
    this.#at += Number(length);
    return this.#message.slice(start, this.#at);
  }

  #count(): number {
    const count = this.#uint();
    if (count > BigInt(Number.MAX_SAFE_INTEGER)) throw new NaiveRefusal('count');
    return Number(count);
  }

  /** Fields of a struct by number, each read by `read`. */
  #fields(read: (index: number) => void): void {
    for (let index = -1; ;) {
      const delta = this.#count();
      if (delta === 0) return;
      index += delta;
      read(index);
    }
  }

  #define(id: number): void {
    if (id < 64 || this.#types.has(id)) throw new NaiveRefusal('definition');
    const kinds: NaiveType[] = [];
    this.#fields((kindIndex) => {
      const kind = definitionKinds[kindIndex];
      if (kind === undefined) throw new NaiveRefusal('kind');
      kinds.push(this.#definitionBody(kind));
    });
    const [type] = kinds;
    if (type === undefined || kinds.length > 1) throw new NaiveRefusal('kinds');
    if (new Set(type.names).size < type.names.length || type.names.includes('')) {
      throw new NaiveRefusal('names');
    }
    const isUsable = (part: number) => (part >= 1 && part <= 8) || part >= 64;
    if (!type.parts.every(isUsable)) throw new NaiveRefusal('part');
    if (type.length < 0) throw new NaiveRefusal('length');
    this.#types.set(id, type);
  }

  #definitionBody(kind: string): NaiveType {
    const type: NaiveType = { kind, parts: [], names: [], length: 0 };
    const numbers = [0, 0];
    this.#fields((index) => {
      if (index === 0) this.#nameAndId();
      else if (kind === 'struct' && index === 1) {
        for (let left = this.#count(); left > 0; left--) {
          const [name, part] = this.#nameAndId();
          if (!Number.isSafeInteger(part)) throw new NaiveRefusal('integer');
          type.names.push(name);
          type.parts.push(part);
        }
      } else if (kind === 'marshaler' || index > (kind === 'slice' || kind === 'struct' ? 1 : 2)) {
        throw new NaiveRefusal('field of a definition');
      } else numbers[index - 1] = this.#small();
    });
    if (kind === 'array') type.length = numbers[1] ?? 0;
    if (kind === 'map') type.parts = numbers;
    if (kind === 'array' || kind === 'slice') type.parts = numbers.slice(0, 1);
    return type;
  }

  #small(): number {
    const value = this.#int();
    if (!Number.isSafeInteger(Number(value))) throw new NaiveRefusal('integer');
    return Number(value);
  }

  #nameAndId(): [string, number] {
    let name = '';
    let id = 0n;
    this.#fields((index) => {
      if (index === 0) name = text(this.#take());
      else if (index === 1) id = this.#int();
      else throw new NaiveRefusal('field');
    });
    return [name, Number(id)];
  }

  #typed(id: number): GobValue {
    if (this.#type(id).kind !== 'struct' && this.#uint() !== 0n) throw new NaiveRefusal('zero');
    return this.#value(id);
  }

  #type(id: number): NaiveType {
    const kind = predefined[id];
    if (kind !== undefined && kind !== '') return { kind, parts: [], names: [], length: 0 };
    const type = this.#types.get(id);
    if (type === undefined) throw new NaiveRefusal('unknown type');
    return type;
  }

  #value(id: number): GobValue {
    const { kind, parts, names, length } = this.#type(id);
    const [first = 0, second = 0] = parts;
    switch (kind) {
      case 'bool': {
        const value = this.#uint();
        if (value > 1n) throw new NaiveRefusal('bool');
        return value === 1n;
      }
      case 'int':
        return narrow(this.#int());
      case 'uint':
        return narrow(this.#uint());
      case 'float':
        return this.#float();
      case 'complex':
        return { re: this.#float(), im: this.#float() };
      case 'string':
        return text(this.#take());
      case 'interface':
        return this.#interface();
      case 'slice':
      case 'array': {
        const count = this.#count();
        if (kind === 'array' && count !== length) throw new NaiveRefusal('length of an array');
        return this.#list(first, count);
      }
      case 'map':
        return this.#map(first, second);
      case 'struct':
        return this.#struct(parts, names);
      default:
        return this.#take();
    }
  }

  #list(part: number, count: number): GobValue[] {
    this.#type(part);
    const list: GobValue[] = [];
    while (list.length < count) list.push(this.#value(part));
    return list;
  }

  #map(keys: number, values: number): Map<GobValue, GobValue> {
    const result = new Map<GobValue, GobValue>();
    const count = this.#count();
    this.#type(keys);
    this.#type(values);
    for (let i = 0; i < count; i++) {
      const key = this.#value(keys);
      result.set(key, this.#value(values));
    }
    return result;
  }

  #struct(parts: number[], names: string[]): GobValue {
    const result = Object.create(null) as Record<string, GobValue>;
    this.#fields((index) => {
      const [name, part] = [names[index], parts[index]];
      if (name === undefined || part === undefined) throw new NaiveRefusal('field');
      result[name] = this.#value(part);
    });
    return result;
  }

  #interface(): GobValue {
    const name = this.#take();
    if (name.length === 0) return null;
    if (name.length > 1024) throw new NaiveRefusal('name');
    const id = this.#sequence(true);
    this.#uint();
    return { typeName: text(name), value: this.#typed(id) };
  }

  #float(): number {
    const bits = Buffer.alloc(8);
    bits.writeBigUInt64LE(this.#uint());
    return bits.swap64().readDoubleLE();
  }
}

function narrow(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
