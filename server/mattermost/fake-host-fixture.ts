import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { duplexPair } from 'node:stream';
import type { ByteStream } from '../../lib/bytes/index.ts';
import { ByteReader } from '../../lib/bytes/index.ts';
import {
  type GobSchema,
  type GobStruct,
  type GobValue,
  type StructSchema,
  anyValue,
  asStruct,
  bytes,
  emptyStruct,
  encodeGoUrl,
  int,
  map,
  marshaler,
  slice,
  string,
  struct,
  uint,
} from '../../lib/gob/index.ts';
import { PluginConnection, type PluginProcess } from '../../lib/goplugin/index.ts';
import { RpcClient, type RpcHandlers, RpcServer, rpcMethod } from '../../lib/netrpc/index.ts';
import { YamuxSession } from '../../lib/yamux/index.ts';
import { driverRegistry } from './driver-registry-fixture.ts';
import type { PluginHooks } from './hooks.ts';
import { registry } from './schemas.ts';
import { serveMattermostPlugin } from './serve.ts';

const headerSchema = map(string, slice(string), 'Header');
const requestSchema = struct('HTTPRequestSubset', {
  Method: string,
  URL: marshaler('binary', 'URL'),
  Proto: string,
  ProtoMajor: int,
  ProtoMinor: int,
  Header: headerSchema,
  Host: string,
  RemoteAddr: string,
  RequestURI: string,
  Body: anyValue,
});
/** What servers before 10.7 send: Go's whole type, which contains itself. */
const wholeRequestSchema: StructSchema = struct('Request', () => ({
  ...requestSchema.fields(),
  ContentLength: int,
  Form: map(string, slice(string), 'Values'),
  TLS: struct('ConnectionState', { Version: uint, PeerCertificates: slice(bytes) }),
  Response: struct('Response', { Status: string, Request: wholeRequestSchema }),
}));
const serveHttpSchema = (request: StructSchema) =>
  struct('Z_ServeHTTPArgs', {
    ResponseWriterStream: uint,
    Request: request,
    Context: struct('Context', { RequestId: string }),
    RequestBodyStream: uint,
  });
const serveHttpSchemas = {
  subset: serveHttpSchema(requestSchema),
  whole: serveHttpSchema(wholeRequestSchema),
};
const activateSchema = struct('Z_OnActivateArgs', { APIMuxId: uint, DriverMuxId: uint });

/** The host's encoders are Go's: zeros left out, interface values split over messages. */
const goStyle = { style: 'go', registry } as const;

/** Hooks that do nothing, with some replaced. */
export function fakeHooks(hooks: Partial<PluginHooks> = {}): PluginHooks {
  return {
    onActivate: () => Promise.resolve(),
    onDeactivate: () => Promise.resolve(),
    onConfigurationChange: () => Promise.resolve(),
    configurationWillBeSaved: () => Promise.resolve(undefined),
    requestListener: (_request, response) => void response.end('hello'),
    metricsListener: (_request, response) => void response.end('metric 1\n'),
    generateSupportData: () => Promise.resolve([]),
    onPluginClusterEvent: () => Promise.resolve(),
    ...hooks,
  };
}

export interface FakeRequest {
  hook?: 'ServeHTTP' | 'ServeMetrics';
  type?: keyof typeof serveHttpSchemas;
  method?: string;
  url?: string;
  headers?: Record<string, string[]>;
  body?: Uint8Array;
  /** Ends the body after this many bytes, as an upload that breaks off. */
  cutBodyAt?: number;
  /** Runs before each acknowledgement of a Write. */
  onWrite?: (bytes: Uint8Array) => Promise<void> | void;
  hostHeaders?: Record<string, string[]>;
  /** Whether the server knows Flush. */
  canFlush?: boolean;
  /** Whether the plugin may break the connection, which HTTP/2 does not let it. */
  canHijack?: boolean;
}

export interface FakeResponse {
  status: number;
  headers: Map<string, string[]>;
  body: Buffer;
  /** Names of the writer's calls in order, repeats joined. */
  calls: string[];
  /** Body bytes the plugin asked for and got. */
  bodyBytesSent: number;
}

/** Replies of API calls by method. */
export type FakeApi = Record<
  string,
  { reply: GobSchema; handle: (argument: GobStruct) => unknown }
>;

/** A Mattermost server as far as one plugin sees it, over a real socket. */
export class FakeHost {
  readonly connection: PluginConnection;
  readonly hooks: RpcClient;
  readonly exitCode: Promise<number>;
  readonly stderr: string[];
  /** As if nobody had caught this error. */
  readonly throwUncaught: (error: unknown) => void;
  readonly logLines: string[] = [];
  readonly apiCalls: { method: string; argument: GobStruct }[] = [];
  /** Replies of API calls by method; the rest answer with an empty struct. */
  readonly api: FakeApi = {};
  /** What the database driver does, as it is when the plugin is activated; nothing by default. */
  driver: RpcHandlers = {};
  #apiServer: RpcServer | undefined;
  #driverServer: RpcServer | undefined;

  private constructor(
    connection: PluginConnection,
    hooks: RpcClient,
    fake: Pick<FakeHost, 'exitCode' | 'stderr' | 'throwUncaught'>,
  ) {
    this.connection = connection;
    this.hooks = hooks;
    this.exitCode = fake.exitCode;
    this.stderr = fake.stderr;
    this.throwUncaught = fake.throwUncaught;
  }

  static async start(load: () => Promise<PluginHooks>): Promise<FakeHost> {
    const stderr: string[] = [];
    let throwUncaught: (error: unknown) => void = () => undefined;
    let resolveExit: (code: number) => void = () => undefined;
    const exitCode = new Promise<number>((resolve) => {
      resolveExit = resolve;
    });
    const process: PluginProcess = {
      env: { MATTERMOST_PLUGIN: 'Securely message teams, anywhere.' },
      socketDirectories: () => [tmpdir()],
      writeHandshake: () => undefined,
      writeError: (text) => stderr.push(text),
      ignoreSignals: () => undefined,
      onUncaught: (run) => (throwUncaught = run),
      exit: (code) => resolveExit(code),
    };
    const served = await serveMattermostPlugin({ pluginId: 'com.example', load, process });
    const connection = new PluginConnection(connect(served.socketPath));
    const hooks = new RpcClient(await connection.dispense('hooks'), goStyle);
    return new FakeHost(connection, hooks, { exitCode, stderr, throwUncaught });
  }

  /** Starts and activates a plugin with these hooks, in front of a server with this API. */
  static async active(hooks: Partial<PluginHooks> = {}, api: FakeApi = {}): Promise<FakeHost> {
    const host = await FakeHost.start(() => Promise.resolve(fakeHooks(hooks)));
    Object.assign(host.api, api);
    const error = await host.activate();
    if (error !== undefined) throw new Error(`not active: ${error}`);
    return host;
  }

  /** The text of the activation's error, if any. */
  async activate(): Promise<string | undefined> {
    const { broker } = this.connection;
    const ids = { APIMuxId: broker.nextId(), DriverMuxId: broker.nextId() };
    const reply = this.hooks.call('Plugin.OnActivate', activateSchema, ids);
    const [api, driver] = await Promise.all([
      broker.accept(ids.APIMuxId),
      broker.accept(ids.DriverMuxId),
    ]);
    this.#apiServer = new RpcServer(api, this.#apiHandlers(), goStyle);
    this.#driverServer = new RpcServer(driver, this.driver, {
      ...goStyle,
      registry: driverRegistry,
    });
    return errorText(asStruct(await reply), 'A');
  }

  call(hook: string, schema: GobSchema = emptyStruct, argument: unknown = {}): Promise<GobValue> {
    return this.hooks.call(`Plugin.${hook}`, schema, argument);
  }

  async closeApi(): Promise<void> {
    await this.#apiServer?.close();
  }

  async closeDriver(): Promise<void> {
    await this.#driverServer?.close();
  }

  /** Ends the plugin as the server does and waits for its exit. */
  async stop(): Promise<number> {
    await this.connection.quit();
    return this.exitCode;
  }

  /** One request through ServeHTTP. `signal` makes every further Write fail, as a lost browser does. */
  async request(request: FakeRequest, signal?: AbortSignal): Promise<FakeResponse> {
    const { broker } = this.connection;
    const [writerId, bodyId] = [broker.nextId(), broker.nextId()];
    const response = new ResponseRecorder(request, signal);
    const call = this.call(
      request.hook ?? 'ServeHTTP',
      serveHttpSchemas[request.type ?? 'subset'],
      {
        ResponseWriterStream: writerId,
        Request: {
          Method: request.method ?? 'GET',
          URL: encodeGoUrl(request.url ?? '/'),
          Proto: 'HTTP/1.1',
          Header: new Map(Object.entries(request.headers ?? {})),
          Host: 'mattermost.example',
          RemoteAddr: '192.0.2.7:4711',
          RequestURI: `/plugins/com.example${request.url ?? '/'}`,
          ...(request.type === 'whole' ? { TLS: { Version: 772, PeerCertificates: [] } } : {}),
        },
        Context: { RequestId: 'r' },
        RequestBodyStream: bodyId,
      },
    );
    const writer = new RpcServer(await broker.accept(writerId), response.handlers, goStyle);
    const body = serveBody(await broker.accept(bodyId), request);
    await call;
    // The plugin has closed both streams before it answered.
    await writer.closed;
    response.bodyBytesSent = await body;
    return response;
  }

  #apiHandlers(): RpcHandlers {
    const log = (level: string) =>
      rpcMethod(emptyStruct, (argument) => {
        const fields = asStruct(argument);
        const values = (fields['B'] ?? []) as { value: string }[];
        const texts = [fields['A'] as string, ...values.map(({ value }) => value)];
        this.logLines.push(`${level} ${texts.join(' ')}`);
        return {};
      });
    const methods = ['KVSet', 'KVDelete', 'PublishWebSocketEvent', 'PublishPluginClusterEvent'];
    const plain = Object.fromEntries(
      [...methods, ...Object.keys(this.api)].map((method) => {
        const { reply, handle } = this.api[method] ?? { reply: emptyStruct, handle: () => ({}) };
        const run = (argument: GobValue) => {
          this.apiCalls.push({ method, argument: asStruct(argument) });
          return handle(asStruct(argument));
        };
        return [`Plugin.${method}`, { reply, handle: run }];
      }),
    );
    return {
      ...plain,
      'Plugin.LogDebug': log('debug'),
      'Plugin.LogInfo': log('info'),
      'Plugin.LogWarn': log('warn'),
      'Plugin.LogError': log('error'),
    };
  }
}

/** Two joined streams, outside of any host. */
export function streamPair(): [near: ByteStream, far: ByteStream] {
  const [left, right] = duplexPair();
  // A stream reaches the other side only with a turn of the loop; until then its end is deferred.
  const session = new YamuxSession(left, { role: 'client', onStream: () => undefined });
  const accepted = new Promise<ByteStream>((resolve) => {
    new YamuxSession(right, { role: 'server', onStream: resolve });
  });
  const far: ByteStream = {
    read: async () => (await accepted).read(),
    write: async (bytes) => (await accepted).write(bytes),
    end: async () => (await accepted).end(),
    destroy: (error) => void accepted.then((stream) => stream.destroy(error)),
  };
  return [session.open(), far];
}

/** Text of an `error` field; undefined for nil. */
export function errorText(reply: GobStruct, field: string): string | undefined {
  const error = reply[field] as { value: GobStruct } | undefined;
  return error === undefined ? undefined : (error.value['Err'] as string);
}

class ResponseRecorder implements FakeResponse {
  status = 0;
  headers: Map<string, string[]>;
  calls: string[] = [];
  bodyBytesSent = 0;
  readonly handlers: RpcHandlers;
  readonly #chunks: Uint8Array[] = [];

  constructor(request: FakeRequest, signal: AbortSignal | undefined) {
    this.headers = new Map(Object.entries(request.hostHeaders ?? {}));
    this.handlers = {
      'Plugin.Header': rpcMethod(headerSchema, () => this.#seen('Header', this.headers)),
      'Plugin.SyncHeader': rpcMethod(emptyStruct, (headers) => {
        this.headers = headers as Map<string, string[]>;
        return this.#seen('SyncHeader', {});
      }),
      'Plugin.WriteHeader': rpcMethod(emptyStruct, (status) => {
        this.status = status as number;
        return this.#seen('WriteHeader', {});
      }),
      ...(request.canHijack === true ? this.#hijacking() : {}),
      ...(request.canFlush === true
        ? { 'Plugin.Flush': rpcMethod(emptyStruct, () => this.#seen('Flush', {})) }
        : {}),
      'Plugin.Write': rpcMethod(emptyStruct, async (bytes) => {
        if (signal?.aborted === true) throw new Error('write: broken pipe');
        await request.onWrite?.(bytes as Uint8Array);
        this.#chunks.push(bytes as Uint8Array);
        return this.#seen('Write', {});
      }),
    };
  }

  get body(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  #hijacking(): RpcHandlers {
    return {
      'Plugin.HijackResponse': rpcMethod(emptyStruct, () => this.#seen('HijackResponse', {})),
      'Plugin.HjConnClose': rpcMethod(emptyStruct, () => this.#seen('HjConnClose', {})),
    };
  }

  #seen<T>(call: string, result: T): T {
    if (this.calls.at(-1) !== call) this.calls.push(call);
    return result;
  }
}

/** The host's side of the body pull protocol; resolves with the bytes it sent. */
async function serveBody(stream: ByteStream, request: FakeRequest): Promise<number> {
  const body = (request.body ?? new Uint8Array(0)).subarray(0, request.cutBodyAt);
  let sent = 0;
  let asked = new Uint8Array(0);
  try {
    for (;;) {
      const piece = await stream.read();
      if (piece === undefined) break;
      asked = Buffer.concat([asked, piece]);
      if ((asked.at(-1) ?? 0) >= 0x80) continue;
      const wanted = new ByteReader(asked).varint();
      asked = new Uint8Array(0);
      const part = body.subarray(sent, sent + wanted);
      for (let at = 0; at < part.length; at += 32_768) {
        await stream.write(part.subarray(at, at + 32_768));
        sent += Math.min(32_768, part.length - at);
      }
      if (part.length < wanted) break;
    }
    await stream.end();
  } catch {
    // The plugin dropped the rest of the body.
  }
  return sent;
}
