import { ByteReader, BytesError, toHex } from '../bytes/index.ts';
import { GobError } from './errors.ts';
import { defaultGobLimits, maxTypeNameBytes, type GobLimits } from './limits.ts';
import { MessageQueue } from './message-queue.ts';
import { decodeText, readBytes, readCount, readScalar, readTypeId, readUint } from './scalar.ts';
import { TypeTable, wireTypeType, type WireField, type WireType } from './type-table.ts';
import type { GobStruct, GobValue } from './value.ts';

export interface GobDecoderOptions {
  limits?: Partial<GobLimits>;
}

/**
 * Decoding in steps: it yields where the current message is used up in the middle of a value, and
 * goes on when the next one has arrived. Go ends a message behind a type that is first met inside
 * an interface value, so one value may span several messages.
 */
type Steps<T> = Generator<undefined, T, undefined>;

type StructType = Extract<WireType, { kind: 'struct' }>;
type MapType = Extract<WireType, { kind: 'map' }>;
type ListType = Extract<WireType, { kind: 'slice' | 'array' }>;
type CompositeType = StructType | MapType | ListType;

const excerptBytes = 16;
const noMessage = new Uint8Array(0);

/**
 * Decodes one gob stream (docs/format/gob.md) without knowing its types beforehand: feed chunks with {@link push}, take
 * values with {@link next}. After an error the rest of the current message is dropped and decoding
 * goes on with the next one where that is the next value for sure. Else the error is fatal: every
 * later call throws it again.
 */
export class GobDecoder {
  readonly #limits: GobLimits;
  readonly #messages: MessageQueue;
  readonly #types: TypeTable;
  #message: Uint8Array = noMessage;
  #reader = new ByteReader(noMessage);
  #steps: Steps<GobValue> | undefined;
  #fatalError: GobError | undefined;
  /** Bytes of the messages of the current value so far; 0 between values. */
  #valueBytes = 0;
  #valueCount = 0;
  #depth = 0;
  /** Type of the current value; undefined while its definitions are read. */
  #valueType: number | undefined;

  constructor(options: GobDecoderOptions = {}) {
    this.#limits = { ...defaultGobLimits, ...options.limits };
    this.#messages = new MessageQueue(this.#limits.maxMessageBytes);
    this.#types = new TypeTable(this.#limits);
  }

  /** Whether the stream, if it ended now, would end inside a value. */
  get isMidValue(): boolean {
    return this.#valueBytes > 0 || this.#messages.isMidMessage;
  }

  /** Appends bytes of the stream; they must not change afterwards. */
  push(chunk: Uint8Array): void {
    this.#messages.push(chunk);
  }

  /** The next value, or undefined until more bytes are pushed. */
  next(): GobValue | undefined {
    if (this.#fatalError !== undefined) throw this.#fatalError;
    this.#steps ??= this.#topLevelValue();
    try {
      const step = this.#steps.next();
      if (step.done !== true) return undefined;
      this.#reset();
      return step.value;
    } catch (cause) {
      const error = this.#explain(cause);
      if (error.isFatal) this.#fatalError = error;
      this.#reset();
      throw error;
    }
  }

  /** Throws unless the stream may end here. */
  end(): void {
    if (this.#fatalError !== undefined) throw this.#fatalError;
    if (!this.isMidValue) return;
    throw new GobError('GOB_TRUNCATED', 'the stream ends inside a value', { isFatal: true });
  }

  #reset(): void {
    this.#steps = undefined;
    this.#setMessage(noMessage);
    this.#valueBytes = 0;
    this.#valueCount = 0;
    this.#depth = 0;
    this.#valueType = undefined;
  }

  #setMessage(message: Uint8Array): void {
    this.#message = message;
    this.#reader = new ByteReader(message);
  }

  #explain(cause: unknown): GobError {
    const offset = this.#reader.offset;
    const start = Math.max(0, offset - excerptBytes);
    const excerpt = toHex(this.#message.subarray(start, offset + excerptBytes));
    if (cause instanceof BytesError) {
      return new GobError('GOB_TRUNCATED', `value is cut: ${cause.message}`, {
        offset,
        excerpt,
        isFatal: !this.#isEndKnown(),
        cause,
      });
    }
    if (!(cause instanceof GobError)) throw cause;
    return new GobError(cause.code, cause.message, {
      offset: cause.offset ?? offset,
      excerpt: cause.excerpt ?? excerpt,
      isFatal: cause.isFatal || !this.#isEndKnown(),
      cause: cause.cause,
    });
  }

  /**
   * Whether a value that does not decode ends with its message. Where it may hold interface values it
   * may go on in the next message, and behind a broken definition comes a value without a type: what
   * follows would be read as something else.
   */
  #isEndKnown(): boolean {
    return this.#valueType !== undefined && this.#types.isPlain(this.#valueType);
  }

  *#topLevelValue(): Steps<GobValue> {
    const id = yield* this.#typeSequence(false);
    this.#valueType = id;
    const value = yield* this.#valueOfType(id);
    if (this.#reader.remaining > 0) {
      throw new GobError('GOB_TRAILING_BYTES', `${String(this.#reader.remaining)} bytes left over`);
    }
    return value;
  }

  /**
   * Takes type definitions until a value begins; returns its type. Inside an interface value more
   * pieces of the enclosing buffer may follow a definition: each begins with its length, unused.
   */
  *#typeSequence(isInsideInterface: boolean): Steps<number> {
    for (;;) {
      if (this.#reader.remaining === 0) yield* this.#nextMessage();
      const id = readTypeId(this.#reader);
      if (id >= 0) return id;
      yield* this.#typeDefinition(-id);
      if (this.#reader.remaining === 0) continue;
      if (!isInsideInterface) {
        throw new GobError('GOB_TRAILING_BYTES', 'bytes left over behind a type definition');
      }
      readUint(this.#reader);
    }
  }

  *#typeDefinition(id: number): Steps<void> {
    this.#types.checkNew(id);
    // The fields of definitions have a limit of their own.
    const valueCount = this.#valueCount;
    const definition = yield* this.#structOf(wireTypeType);
    this.#valueCount = valueCount;
    this.#types.define(id, definition);
  }

  *#nextMessage(): Steps<void> {
    let message = this.#messages.take();
    while (message === undefined) {
      yield;
      message = this.#messages.take();
    }
    this.#valueBytes += message.length;
    if (this.#valueBytes > this.#limits.maxMessageBytes) {
      const limit = String(this.#limits.maxMessageBytes);
      throw new GobError('GOB_TOO_LARGE', `value of more than ${limit} bytes`, { isFatal: true });
    }
    this.#setMessage(message);
  }

  /** A value as it stands at top level and in interfaces: all but structs follow a zero byte. */
  *#valueOfType(id: number): Steps<GobValue> {
    const type = this.#types.ofValue(id);
    if (type.kind !== 'struct' && readUint(this.#reader) !== 0) {
      throw new GobError('GOB_BAD_VALUE', 'no zero byte before a value that is not a struct');
    }
    return this.#types.isPlain(id) ? this.#plain(type) : yield* this.#value(type);
  }

  /** A value that lies in one message whole: most do, and steps take time. */
  #plain(type: WireType): GobValue {
    switch (type.kind) {
      case 'scalar':
        return readScalar(this.#reader, type.scalar);
      case 'marshaler':
        return readBytes(this.#reader).slice();
      case 'interface':
        throw new GobError('GOB_BAD_TYPE', 'an interface value is not plain');
      default:
        break;
    }
    this.#enter();
    const value = this.#plainComposite(type);
    this.#depth--;
    return value;
  }

  #plainComposite(type: CompositeType): GobValue {
    if (type.kind === 'struct') {
      const result = newStruct();
      for (let index = -1; ;) {
        const field = this.#nextField(type, index);
        if (field === undefined) return result;
        index = field.index;
        result[field.name] = this.#plain(this.#types.get(field.type));
      }
    }
    if (type.kind === 'map') {
      const { count, keys, values } = this.#beginMap(type);
      const result = new Map<GobValue, GobValue>();
      for (let at = 0; at < count; at++) {
        this.#countValue();
        const key = this.#plain(keys);
        result.set(key, this.#plain(values));
      }
      return result;
    }
    const { count, element } = this.#beginList(type);
    const result: GobValue[] = [];
    for (let at = 0; at < count; at++) {
      this.#countValue();
      result.push(this.#plain(element));
    }
    return result;
  }

  *#value(type: WireType): Steps<GobValue> {
    if (type.kind === 'scalar') return readScalar(this.#reader, type.scalar);
    if (type.kind === 'marshaler') return readBytes(this.#reader).slice();
    this.#enter();
    const value = yield* this.#composite(type);
    this.#depth--;
    return value;
  }

  #composite(type: CompositeType | { kind: 'interface' }): Steps<GobValue> {
    switch (type.kind) {
      case 'struct':
        return this.#structOf(type);
      case 'interface':
        return this.#interfaceValue();
      case 'map':
        return this.#mapOf(type);
      case 'array':
      case 'slice':
        return this.#list(type);
    }
  }

  *#structOf(type: StructType): Steps<GobStruct> {
    const result = newStruct();
    for (let index = -1; ;) {
      const field = this.#nextField(type, index);
      if (field === undefined) return result;
      index = field.index;
      result[field.name] = yield* this.#part(field.type);
    }
  }

  *#list(type: ListType): Steps<GobValue[]> {
    const { count, element } = this.#beginList(type);
    const result: GobValue[] = [];
    for (let at = 0; at < count; at++) {
      this.#countValue();
      result.push(yield* this.#value(element));
    }
    return result;
  }

  *#mapOf(type: MapType): Steps<Map<GobValue, GobValue>> {
    const { count, keys, values } = this.#beginMap(type);
    const result = new Map<GobValue, GobValue>();
    for (let at = 0; at < count; at++) {
      this.#countValue();
      const key = yield* this.#value(keys);
      result.set(key, yield* this.#value(values));
    }
    return result;
  }

  *#part(id: number): Steps<GobValue> {
    const type = this.#types.get(id);
    return this.#types.isPlain(id) ? this.#plain(type) : yield* this.#value(type);
  }

  /** The field that follows the one at `index`; undefined at the end of the struct. */
  #nextField(type: StructType, index: number): (WireField & { index: number }) | undefined {
    const delta = readCount(this.#reader);
    if (delta === 0) return undefined;
    const field = type.fields[index + delta];
    if (field === undefined) {
      const count = String(type.fields.length);
      const message = `field ${String(index + delta)} of ${type.name} (${count} fields)`;
      throw new GobError('GOB_BAD_VALUE', message);
    }
    this.#countValue();
    return { ...field, index: index + delta };
  }

  /** The count is never trusted with memory: each element takes a byte, and elements are appended. */
  #beginList(type: ListType): { count: number; element: WireType } {
    const count = readCount(this.#reader);
    if (type.kind === 'array' && count !== type.length) {
      const message = `${String(count)} elements in an array of ${String(type.length)}`;
      throw new GobError('GOB_BAD_COUNT', message);
    }
    const element = this.#types.get(type.element);
    this.#checkCount(count, element);
    return { count, element };
  }

  #beginMap(type: MapType): { count: number; keys: WireType; values: WireType } {
    const count = readCount(this.#reader);
    const keys = this.#types.get(type.key);
    const values = this.#types.get(type.value);
    this.#checkCount(count, keys, values);
    return { count, keys, values };
  }

  *#interfaceValue(): Steps<GobValue> {
    const nameBytes = readCount(this.#reader);
    if (nameBytes === 0) return null;
    if (nameBytes > maxTypeNameBytes) {
      throw new GobError('GOB_BAD_VALUE', `type name of ${String(nameBytes)} bytes`);
    }
    const bytes = this.#reader.bytes(nameBytes);
    this.#reader.check();
    const name = decodeText(bytes);
    const id = yield* this.#typeSequence(true);
    // The length of the value serves readers that skip it; definitions inside would then be lost.
    readUint(this.#reader);
    return { typeName: name, value: yield* this.#valueOfType(id) };
  }

  #enter(): void {
    this.#depth++;
    if (this.#depth > this.#limits.maxDepth) {
      const message = `nested deeper than ${String(this.#limits.maxDepth)}`;
      throw new GobError('GOB_TOO_DEEP', message);
    }
  }

  /** Refuses early what cannot fit, where no element can bring a further message. */
  #checkCount(count: number, ...elements: WireType[]): void {
    if (elements.every(({ kind }) => kind === 'scalar') && count > this.#reader.remaining) {
      const message = `${String(count)} elements in ${String(this.#reader.remaining)} bytes`;
      throw new GobError('GOB_BAD_COUNT', message);
    }
  }

  #countValue(): void {
    this.#valueCount++;
    if (this.#valueCount > this.#limits.maxValues) {
      const message = `more than ${String(this.#limits.maxValues)} values in one`;
      throw new GobError('GOB_TOO_MANY_VALUES', message);
    }
  }
}

/** Without prototype: names of fields come from the peer. */
function newStruct(): Record<string, GobValue> {
  return Object.create(null) as Record<string, GobValue>;
}
