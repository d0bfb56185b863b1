import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type * as SdkModule from '@aws-sdk/client-s3';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { Clock } from '../../runtime/index.ts';
import { StoreError } from '../errors.ts';
import { defaultIdleMs } from '../limits.ts';
import type { ListEntry, ObjectHead } from '../object-store.ts';
import { openConnections, type Connections } from '../remote/connections.ts';
import type {
  Fault,
  RemoteClient,
  RemoteContent,
  RemotePage,
  RemoteUpload,
} from '../remote/remote-client.ts';
import { contentOf } from '../remote/remote-content.ts';
import { explainS3 } from './explain-s3.ts';
import { machineCredentials } from './machine-credentials.ts';
import { isHostOfEndpoint, s3PlaceOf, type S3Settings } from './s3-settings.ts';

type Sdk = typeof SdkModule;

/** A request to a bucket and what came of it. */
export interface TracedRequest {
  method: string;
  /** As in the address, with the bucket where that stands there. */
  path: string;
  /** Undefined when no answer came. */
  status: number | undefined;
  durationMs: number;
}

/** Who is told of requests, and by which clock. */
interface Trace {
  clock: Clock;
  onRequest: (request: TracedRequest) => void;
}

type StorageClass = NonNullable<SdkModule.PutObjectCommandInput['StorageClass']>;

/** Requests of the S3 protocol; the package behind it is loaded by {@link S3Client.connect}. */
export class S3Client implements RemoteClient {
  readonly #sdk: Sdk;
  readonly #client: InstanceType<Sdk['S3Client']>;
  readonly #connections: Connections;
  readonly #bucket: string;
  /** What every written object gets. */
  readonly #written: {
    ContentType: string;
    ServerSideEncryption?: 'AES256';
    StorageClass?: StorageClass;
  };

  private constructor(
    sdk: Sdk,
    config: S3ClientConfig,
    connections: Connections,
    settings: S3Settings,
    trace: Trace | undefined,
  ) {
    this.#sdk = sdk;
    this.#client = new sdk.S3Client(config);
    // Around the request, and around the reading of its answer.
    for (const priority of ['low', 'high'] as const) {
      this.#client.middlewareStack.add(withNativeErrors, { step: 'deserialize', priority });
    }
    if (trace !== undefined) {
      this.#client.middlewareStack.add(traced(trace), { step: 'deserialize', priority: 'low' });
    }
    this.#connections = connections;
    this.#bucket = settings.bucket;
    this.#written = {
      ContentType: 'binary/octet-stream',
      ...(settings.isEncrypted ? { ServerSideEncryption: 'AES256' } : {}),
      ...(settings.storageClass === ''
        ? {}
        : { StorageClass: settings.storageClass as StorageClass }),
    };
  }

  static async connect(
    settings: S3Settings,
    network: {
      verifiesCertificates: boolean;
      environment: Readonly<Record<string, string | undefined>>;
      trace?: Trace;
    },
  ): Promise<S3Client> {
    checkSettings(settings);
    const sdk = await import('@aws-sdk/client-s3');
    const place = s3PlaceOf(settings);
    const idleMs = settings.idleMs > 0 ? settings.idleMs : defaultIdleMs;
    const connections = openConnections(place, { ...network, idleMs });
    const { accessKeyId, secretAccessKey } = settings;
    const config: S3ClientConfig = {
      region: place.region,
      ...(place.endpoint === undefined ? {} : { endpoint: place.endpoint }),
      forcePathStyle: place.isPathStyle,
      credentials:
        accessKeyId === ''
          ? await machineCredentials(network.environment)
          : { accessKeyId, secretAccessKey },
      followRegionRedirects: true,
      // Stores other than Amazon's refuse the newer checksums, or keep their framing as content.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      expectContinueHeader: false,
      maxAttempts: 1,
      requestHandler: {
        httpAgent: connections.http,
        httpsAgent: connections.https,
        // The connections watch their own silence.
        requestTimeout: 0,
        socketTimeout: 0,
      },
      // Its default writes to the console, and with it to the host.
      logger: silent,
    };
    return new S3Client(sdk, config, connections, settings, network.trace);
  }

  async put(name: string, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    const command = new this.#sdk.PutObjectCommand({
      ...this.#at(name),
      ...this.#written,
      Body: bytes,
      ContentLength: bytes.length,
    });
    await this.#client.send(command, options(signal));
  }

  async startUpload(name: string, signal: AbortSignal | undefined): Promise<RemoteUpload> {
    const sdk = this.#sdk;
    const client = this.#client;
    const place = this.#at(name);
    const start = new sdk.CreateMultipartUploadCommand({ ...place, ...this.#written });
    const { UploadId } = await client.send(start, options(signal));
    if (UploadId === undefined) throw new StoreError('STORE_FAILED', 'no upload was begun', name);
    const parts: { PartNumber: number; ETag: string | undefined }[] = [];
    return {
      async putPart(PartNumber, Body, partSignal) {
        const part = { ...place, UploadId, PartNumber, Body, ContentLength: Body.length };
        const { ETag } = await client.send(new sdk.UploadPartCommand(part), options(partSignal));
        parts.push({ PartNumber, ETag });
      },
      async complete(lastSignal) {
        const all = { ...place, UploadId, MultipartUpload: { Parts: parts } };
        try {
          await client.send(new sdk.CompleteMultipartUploadCommand(all), options(lastSignal));
        } catch (error) {
          // An earlier try may have done it, its answer lost: then the object is that of these parts.
          if ((error as { name?: unknown }).name !== 'NoSuchUpload') throw error;
          const asked = new sdk.HeadObjectCommand(place);
          const { ETag } = await client.send(asked, options(lastSignal));
          if (ETag !== etagOfParts(parts.map((part) => part.ETag ?? ''))) throw error;
        }
      },
      async abandon(lastSignal) {
        const command = new sdk.AbortMultipartUploadCommand({ ...place, UploadId });
        await client.send(command, options(lastSignal));
      },
    };
  }

  async open(
    name: string,
    range: { start: number; end: number | undefined } | undefined,
    signal: AbortSignal | undefined,
  ): Promise<RemoteContent> {
    const Range = range && `bytes=${String(range.start)}-${lastByte(range.end)}`;
    const command = new this.#sdk.GetObjectCommand({ ...this.#at(name), ...(Range && { Range }) });
    const answer = await this.#client.send(command, options(signal));
    const content = {
      body: answer.Body as Readable | undefined,
      lengthBytes: answer.ContentLength,
      range: answer.ContentRange,
      etag: answer.ETag,
      modified: answer.LastModified,
    };
    return contentOf(content, range !== undefined, name);
  }

  async head(name: string, signal: AbortSignal | undefined): Promise<ObjectHead | undefined> {
    try {
      const command = new this.#sdk.HeadObjectCommand(this.#at(name));
      const answer = await this.#client.send(command, options(signal));
      return {
        sizeBytes: answer.ContentLength ?? 0,
        etag: answer.ETag ?? '',
        modifiedMs: answer.LastModified?.getTime() ?? 0,
      };
    } catch (error) {
      if (explainS3(error).code === 'STORE_NOT_FOUND') return undefined;
      throw error;
    }
  }

  async listPage(
    {
      prefix,
      delimiter,
      token,
    }: { prefix: string; delimiter?: '/' | undefined; token?: string | undefined },
    signal: AbortSignal | undefined,
  ): Promise<RemotePage> {
    const command = new this.#sdk.ListObjectsV2Command({
      Bucket: this.#bucket,
      Prefix: prefix,
      Delimiter: delimiter,
      ContinuationToken: token,
    });
    const answer = await this.#client.send(command, options(signal));
    const next = answer.IsTruncated === true ? answer.NextContinuationToken : undefined;
    return { entries: entriesOf(answer), next };
  }

  /** One by one: several in one request need a checksum on which stores do not agree. */
  async delete(name: string, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#client.send(new this.#sdk.DeleteObjectCommand(this.#at(name)), options(signal));
    } catch (error) {
      if (explainS3(error).code !== 'STORE_NOT_FOUND') throw error;
    }
  }

  explain(error: unknown): Fault {
    return explainS3(error);
  }

  close(): void {
    this.#client.destroy();
    this.#connections.close();
  }

  #at(name: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: name };
  }
}

/** Tells each request as it leaves, after its signing, and what came of it. */
function traced({ clock, onRequest }: Trace) {
  return <Input extends object, Output extends object>(next: (input: Input) => Promise<Output>) =>
    async (input: Input): Promise<Output> => {
      const { request } = input as { request?: { method?: string; path?: string } };
      const startMs = clock.monotonicMs();
      let status: number | undefined;
      try {
        const output = await next(input);
        status = (output as { response?: { statusCode?: number } }).response?.statusCode;
        return output;
      } finally {
        const durationMs = clock.monotonicMs() - startMs;
        onRequest({ method: request?.method ?? '', path: request?.path ?? '', status, durationMs });
      }
    };
}

/** The package keeps the code of an error only when it knows its class. */
function withNativeErrors<Input extends object, Output extends object>(
  next: (input: Input) => Promise<Output>,
): (input: Input) => Promise<Output> {
  return async (input) => {
    try {
      return await next(input);
    } catch (error) {
      if (error instanceof Error) throw error;
      const { message, name, code } = error as { message: string; name: string; code?: string };
      throw Object.assign(new Error(message), { name, code });
    }
  };
}

const nothing = () => undefined;
const silent = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

function checkSettings(settings: S3Settings): void {
  const isHost = settings.endpoint === '' || isHostOfEndpoint(settings.endpoint);
  const fault = !isHost
    ? 'the endpoint is not a host, with or without a port'
    : settings.bucket === ''
      ? 'no bucket is configured'
      : (settings.accessKeyId === '') !== (settings.secretAccessKey === '')
        ? 'the access key and its secret must both be set, or both be empty'
        : undefined;
  if (fault !== undefined) throw new StoreError('STORE_BAD_SETTINGS', fault, '');
}

function options(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

function entriesOf(answer: SdkModule.ListObjectsV2CommandOutput): ListEntry[] {
  const entries: ListEntry[] = [];
  for (const { Key: key, Size, LastModified } of answer.Contents ?? []) {
    if (key === undefined) continue;
    const modifiedMs = LastModified?.getTime() ?? 0;
    entries.push({ kind: 'object', key, sizeBytes: Size ?? 0, modifiedMs });
  }
  for (const { Prefix: key } of answer.CommonPrefixes ?? []) {
    if (key !== undefined) entries.push({ kind: 'prefix', key });
  }
  return entries;
}

function lastByte(end: number | undefined): string {
  return end === undefined ? '' : String(end - 1);
}

/** The tag that the protocol gives an object in parts; stores that encrypt otherwise give another. */
function etagOfParts(tags: readonly string[]): string {
  const hash = createHash('md5');
  for (const tag of tags) hash.update(Buffer.from(tag.replaceAll('"', ''), 'hex'));
  return `"${hash.digest('hex')}-${String(tags.length)}"`;
}
