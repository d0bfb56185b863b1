import type { ByteWriter } from '../bytes/index.ts';
import { GobError } from './errors.ts';
import { frameMessage, newMessage, type MessageSink } from './message.ts';
import type { GobRegistry } from './registry.ts';
import { writeBool, writeBytes, writeFloat, writeInt, writeString, writeUint } from './scalar.ts';
import type { GobSchema, MapSchema, StructSchema } from './schema.ts';
import type { InterfaceValue } from './value.ts';

/** What writing a value needs from its encoder. */
export interface ValueWriterContext {
  registry: GobRegistry;
  isGoStyle: boolean;
  maxDepth: number;
  idOf(schema: GobSchema): number;
  /** Defines a type unless it is known, continuing the piece `begun` and ending it into `sink`. */
  define(schema: GobSchema, sink: MessageSink, begun: ByteWriter): void;
}

type Path = readonly (string | number)[];

/** Writes values by their schemas and says by path which part of a value does not fit. */
export class ValueWriter {
  readonly #context: ValueWriterContext;
  readonly #path: (string | number)[] = [];

  constructor(context: ValueWriterContext) {
    this.#context = context;
  }

  /** Writes a value as it stands at top level and in interfaces: all but structs follow a zero. */
  writeTop(schema: GobSchema, value: unknown, body: ByteWriter, sink: MessageSink): void {
    if (schema.kind !== 'struct') writeUint(body, 0);
    this.#write(schema, value, body, sink);
  }

  /** Calls `visit` with the schema of every interface value inside `value`, outer ones first. */
  forEachInterface(schema: GobSchema, value: unknown, visit: (schema: GobSchema) => void): void {
    switch (schema.kind) {
      case 'interface': {
        if (value === null || value === undefined) return;
        const content = this.#interfaceContent(value);
        const type = this.#registered(content.typeName);
        visit(type);
        this.#at(content.typeName, () => this.forEachInterface(type, content.value, visit));
        return;
      }
      case 'slice':
      case 'array':
        if (!canHoldInterface(schema.element)) return;
        this.#list(value).forEach((element, at) => {
          this.#at(at, () => this.forEachInterface(schema.element, element, visit));
        });
        return;
      case 'map':
        if (!canHoldInterface(schema.value) && !canHoldInterface(schema.key)) return;
        for (const [key, entry] of this.#entries(schema, value)) {
          this.#at(String(key), () => {
            this.forEachInterface(schema.key, key, visit);
            this.forEachInterface(schema.value, entry, visit);
          });
        }
        return;
      case 'struct':
        for (const [name, type, field] of this.#givenFields(schema, value)) {
          this.#at(name, () => this.forEachInterface(type, field, visit));
        }
        return;
      default:
        return;
    }
  }

  #write(schema: GobSchema, value: unknown, body: ByteWriter, sink: MessageSink): void {
    switch (schema.kind) {
      case 'interface':
        this.#writeInterface(value, body, sink);
        return;
      case 'slice':
      case 'array': {
        const list = this.#list(value);
        if (schema.kind === 'array' && list.length !== schema.length) {
          throw this.#fail(
            `array of ${String(schema.length)} expected, got ${String(list.length)}`,
          );
        }
        writeUint(body, list.length);
        for (let at = 0; at < list.length; at++) {
          this.#at(at, () => this.#write(schema.element, list[at], body, sink));
        }
        return;
      }
      case 'map': {
        const entries = this.#entries(schema, value);
        writeUint(body, entries.length);
        for (const [key, entry] of entries) {
          this.#at(String(key), () => {
            this.#write(schema.key, key, body, sink);
            this.#write(schema.value, entry, body, sink);
          });
        }
        return;
      }
      case 'struct':
        this.#writeStruct(schema, value, body, sink);
        return;
      default:
        this.#writeScalar(schema, value, body);
    }
  }

  #writeStruct(schema: StructSchema, value: unknown, body: ByteWriter, sink: MessageSink): void {
    if (!isRecord(value)) throw this.#misfit('object', value);
    const fields = schema.fields();
    let last = -1;
    let index = -1;
    // Every call sends several structs: no generator here.
    for (const name in fields) {
      index++;
      const field = Object.hasOwn(value, name) ? value[name] : undefined;
      const type = fields[name]!;
      if (field === undefined || field === null) continue;
      if (this.#context.isGoStyle && isOmittedByGo(type, field)) continue;
      writeUint(body, index - last);
      last = index;
      this.#at(name, () => this.#write(type, field, body, sink));
    }
    writeUint(body, 0);
  }

  #writeInterface(value: unknown, body: ByteWriter, sink: MessageSink): void {
    if (value === null || value === undefined) {
      writeUint(body, 0);
      return;
    }
    const content = this.#interfaceContent(value);
    const schema = this.#registered(content.typeName);
    writeString(body, content.typeName);
    this.#context.define(schema, sink, body);
    writeInt(body, this.#context.idOf(schema));
    // Pieces that end inside the content go into the enclosing buffer, before the content's rest.
    const inner = newMessage();
    this.#at(content.typeName, () => this.writeTop(schema, content.value, inner, body));
    body.bytes(frameMessage(inner));
  }

  #writeScalar(schema: GobSchema, value: unknown, body: ByteWriter): void {
    switch (schema.kind) {
      case 'bool':
        if (typeof value !== 'boolean') throw this.#misfit('boolean', value);
        writeBool(body, value);
        return;
      case 'int':
      case 'uint':
        if (typeof value !== 'number' && typeof value !== 'bigint') {
          throw this.#misfit('integer', value);
        }
        this.#guarded(() => (schema.kind === 'int' ? writeInt : writeUint)(body, value));
        return;
      case 'float':
        if (typeof value !== 'number') throw this.#misfit('number', value);
        writeFloat(body, value);
        return;
      case 'string':
        if (typeof value !== 'string') throw this.#misfit('string', value);
        writeString(body, value);
        return;
      case 'complex':
        if (!isComplex(value)) throw this.#misfit('complex', value);
        writeFloat(body, value.re);
        writeFloat(body, value.im);
        return;
      default:
        if (!(value instanceof Uint8Array)) throw this.#misfit('bytes', value);
        writeBytes(body, value);
    }
  }

  #interfaceContent(value: unknown): InterfaceValue {
    if (typeof value === 'object' && value !== null && 'typeName' in value && 'value' in value) {
      const { typeName } = value;
      if (typeof typeName === 'string' && typeName !== '') return value as InterfaceValue;
    }
    throw this.#misfit('interface value', value);
  }

  #registered(typeName: string): GobSchema {
    const schema = this.#context.registry.get(typeName);
    if (schema !== undefined) return schema;
    const message = `${formatPath(this.#path)}: no type is registered as ${typeName.slice(0, 80)}`;
    throw new GobError('GOB_UNREGISTERED_NAME', message);
  }

  #list(value: unknown): readonly unknown[] {
    if (Array.isArray(value)) return value;
    throw this.#misfit('list', value);
  }

  #entries(schema: MapSchema, value: unknown): [unknown, unknown][] {
    if (value instanceof Map) return [...value];
    if (schema.key.kind === 'string' && isRecord(value)) return Object.entries(value);
    throw this.#misfit('map', value);
  }

  *#givenFields(
    schema: StructSchema,
    value: unknown,
  ): Generator<[name: string, type: GobSchema, field: unknown]> {
    if (!isRecord(value)) throw this.#misfit('object', value);
    for (const [name, type] of Object.entries(schema.fields())) {
      const field = Object.hasOwn(value, name) ? value[name] : undefined;
      if (field !== undefined && field !== null) yield [name, type, field];
    }
  }

  #at(step: string | number, run: () => void): void {
    this.#path.push(step);
    if (this.#path.length > this.#context.maxDepth) {
      const message = `nested deeper than ${String(this.#context.maxDepth)}`;
      throw new GobError('GOB_TOO_DEEP', message);
    }
    run();
    this.#path.pop();
  }

  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      throw error instanceof GobError ? this.#fail(error.message) : error;
    }
  }

  #misfit(wanted: string, value: unknown): GobError {
    const got = value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value;
    return this.#fail(`${wanted} expected, got ${got}`);
  }

  #fail(message: string): GobError {
    return new GobError('GOB_UNENCODABLE', `${formatPath(this.#path)}: ${message}`);
  }
}

/** Whether a field of this value is missing in what Go sends. */
function isOmittedByGo(schema: GobSchema, value: unknown): boolean {
  switch (schema.kind) {
    case 'interface':
    case 'array':
    case 'map':
    case 'struct':
      return false;
    case 'complex':
      return isComplex(value) && value.re === 0 && value.im === 0;
    default:
      return isZero(value);
  }
}

function isZero(value: unknown): boolean {
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  return value === false || value === 0 || value === 0n || value === '';
}

function canHoldInterface(schema: GobSchema): boolean {
  switch (schema.kind) {
    case 'interface':
    case 'slice':
    case 'array':
    case 'map':
    case 'struct':
      return true;
    default:
      return false;
  }
}

function isComplex(value: unknown): value is { re: number; im: number } {
  return isRecord(value) && typeof value['re'] === 'number' && typeof value['im'] === 'number';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return !(value instanceof Map) && !ArrayBuffer.isView(value);
}

function formatPath(path: Path): string {
  return path.length === 0 ? 'value' : path.join('.');
}
