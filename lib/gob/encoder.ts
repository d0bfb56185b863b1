import { ByteWriter, BytesError } from '../bytes/index.ts';
import { writeDefinition } from './definition.ts';
import { GobError } from './errors.ts';
import { defaultGobLimits, type GobLimits } from './limits.ts';
import { gobRegistry, type GobRegistry } from './registry.ts';
import { writeInt, writeUint } from './scalar.ts';
import { SchemaIds, needsDefinition, partsOf } from './schema-ids.ts';
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
    const sentBefore = [...this.#sent];
    const output = new ByteWriter();
    try {
      for (const { schema, value } of values) this.#encodeValue(schema, value, output);
    } catch (error) {
      this.#sent.clear();
      for (const schema of sentBefore) this.#sent.add(schema);
      throw error instanceof BytesError
        ? new GobError('GOB_UNENCODABLE', error.message, { cause: error })
        : error;
    }
    return output.finish();
  }

  #encodeValue(schema: GobSchema, value: unknown, output: ByteWriter): void {
    const start = output.length;
    this.#define(schema, output, new ByteWriter());
    const writer = new ValueWriter({
      registry: this.#registry,
      isGoStyle: this.#style === 'go',
      maxDepth: this.#limits.maxDepth,
      idOf: (type) => this.#ids.idOf(type),
      define: (type, target, begun) => this.#define(type, target, begun),
    });
    if (this.#style === 'explicit') {
      writer.forEachInterface(schema, value, (type) => {
        this.#define(type, output, new ByteWriter());
      });
    }
    const body = new ByteWriter();
    writeInt(body, this.#ids.idOf(schema));
    writer.writeTop(schema, value, body, output);
    flushMessage(body, output);
    if (output.length - start > this.#limits.maxMessageBytes) {
      const limit = String(this.#limits.maxMessageBytes);
      throw new GobError('GOB_TOO_LARGE', `value of more than ${limit} bytes`);
    }
  }

  /**
   * Sends the definition of a type and then those of its parts, each as a message into `output`.
   * `begun` holds what is already written of the first one.
   */
  #define(schema: GobSchema, output: ByteWriter, begun: ByteWriter): void {
    if (!needsDefinition(schema) || this.#sent.has(schema)) return;
    const id = this.#ids.idOf(schema);
    writeInt(begun, -id);
    writeDefinition(begun, id, schema, (part) => this.#ids.idOf(part));
    flushMessage(begun, output);
    this.#sent.add(schema);
    for (const part of partsOf(schema)) this.#define(part, output, begun);
  }
}

/** Moves what is written so far into `output` as one counted piece. */
function flushMessage(message: ByteWriter, output: ByteWriter): void {
  writeUint(output, message.length);
  output.bytes(message.finish());
  message.reset();
}
