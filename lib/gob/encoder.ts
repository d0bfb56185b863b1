import { BytesError, ByteWriter } from '../bytes/index.ts';
import { writeDefinition } from './definition.ts';
import { GobError } from './errors.ts';
import { defaultGobLimits, type GobLimits } from './limits.ts';
import { gobRegistry, type GobRegistry } from './registry.ts';
import {
  flushMessage,
  frameMessage,
  newMessage,
  restartMessage,
  type MessageSink,
} from './message.ts';
import { writeInt } from './scalar.ts';
import { SchemaIds, mayHoldInterface, needsDefinition, partsOf } from './schema-ids.ts';
import type { GobSchema } from './schema.ts';
import type { GobInput } from './value.ts';
import { ValueWriter } from './value-writer.ts';

export interface GobEncoderOptions {
  /** Types that interface values may name; by default those that every Go program knows. */
  registry?: GobRegistry;
  /**
   * `explicit` (default): all definitions first, fields are sent whenever they are given.
   * `go`: as Go's own encoder, which leaves zero fields out and defines types first met inside an
   * interface value in the middle of it, so that the value spans several messages.
   */
  style?: 'explicit' | 'go';
  limits?: Partial<GobLimits>;
}

/** A value to send and how. */
export interface GobOutgoing {
  readonly schema: GobSchema;
  readonly value: unknown;
}

/**
 * Encodes values into one gob stream. Definitions of types precede the first value that uses them
 * and are remembered for the life of the encoder, so every result must be sent, in order.
 */
export class GobEncoder {
  readonly #limits: GobLimits;
  readonly #registry: GobRegistry;
  readonly #style: 'explicit' | 'go';
  readonly #ids = new SchemaIds();
  readonly #sent = new Set<GobSchema>();
  /** Values that are not large are written here, one after the other. */
  #scratch = newMessage();

  constructor(options: GobEncoderOptions = {}) {
    this.#limits = { ...defaultGobLimits, ...options.limits };
    this.#registry = options.registry ?? gobRegistry();
    this.#style = options.style ?? 'explicit';
  }

  /** The messages of one value. */
  encode<S extends GobSchema>(schema: S, value: GobInput<S>): Uint8Array {
    return this.encodeAll([{ schema, value }]);
  }

  /** The messages of several values: all of them or, when one cannot be encoded, none. */
  encodeAll(values: readonly GobOutgoing[]): Uint8Array {
    const writer = new ByteWriter();
    this.encodeInto(values, writer);
    return writer.finish();
  }

  /**
   * The same, message by message into `sink`; each is valid during the call only. What the sink got
   * means nothing when this throws.
   */
  encodeInto(values: readonly GobOutgoing[], sink: MessageSink): void {
    const added: GobSchema[] = [];
    try {
      for (const { schema, value } of values) this.#encodeValue(schema, value, sink, added);
    } catch (error) {
      // Nothing is sent, so nothing of it is known to the peer.
      for (const schema of added) this.#sent.delete(schema);
      throw error instanceof BytesError
        ? new GobError('GOB_UNENCODABLE', error.message, { cause: error })
        : error;
    }
  }

  #encodeValue(schema: GobSchema, value: unknown, target: MessageSink, added: GobSchema[]): void {
    let total = 0;
    const sink = {
      bytes: (message: Uint8Array) => {
        total += message.length;
        target.bytes(message);
      },
    };
    const define = (type: GobSchema, into: MessageSink, begun: ByteWriter) => {
      this.#define(type, into, begun, added);
    };
    if (needsDefinition(schema) && !this.#sent.has(schema)) define(schema, sink, newMessage());
    const writer = new ValueWriter({
      registry: this.#registry,
      isGoStyle: this.#style === 'go',
      maxDepth: this.#limits.maxDepth,
      idOf: (type) => this.#ids.idOf(type),
      define,
    });
    if (this.#style === 'explicit' && mayHoldInterface(schema)) {
      writer.forEachInterface(schema, value, (type) => define(type, sink, newMessage()));
    }
    const size = roughSize(value);
    const body = size <= scratchBytes ? restartMessage(this.#scratch) : newMessage(size);
    writeInt(body, this.#ids.idOf(schema));
    writer.writeTop(schema, value, body, sink);
    sink.bytes(frameMessage(body));
    // The guess may have been far too low; what it grew to must not stay.
    if (body === this.#scratch && body.length > 2 * scratchBytes) this.#scratch = newMessage();
    if (total > this.#limits.maxMessageBytes) {
      const limit = String(this.#limits.maxMessageBytes);
      throw new GobError('GOB_TOO_LARGE', `value of more than ${limit} bytes`);
    }
  }

  /**
   * Sends the definition of a type and then those of its parts, each as a message into `sink`.
   * `begun` holds what is already written of the first one.
   */
  #define(schema: GobSchema, sink: MessageSink, begun: ByteWriter, added: GobSchema[]): void {
    if (!needsDefinition(schema) || this.#sent.has(schema)) return;
    const id = this.#ids.idOf(schema);
    writeInt(begun, -id);
    writeDefinition(begun, id, schema, (part) => this.#ids.idOf(part));
    flushMessage(begun, sink);
    this.#sent.add(schema);
    added.push(schema);
    for (const part of partsOf(schema)) this.#define(part, sink, begun, added);
  }
}

/** Values up to about this size, a piece of a download among them, share one buffer. */
const scratchBytes = 160 * 1024;

/** Levels and elements that the guess below looks at. */
const roughDepth = 4;
const roughElements = 64;

/** A guess of a value's size, so that large bytes find their room at once instead of by doubling. */
function roughSize(value: unknown, depth = 0): number {
  if (value instanceof Uint8Array) return value.length + 16;
  if (typeof value === 'string') return value.length + 16;
  if (typeof value !== 'object' || value === null || depth >= roughDepth) return 16;
  const parts: unknown[] = Array.isArray(value) ? value : Object.values(value);
  return parts
    .slice(0, roughElements)
    .reduce((sum: number, part) => sum + roughSize(part, depth + 1), 16);
}
