import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import type * as SdkModule from '@azure/storage-blob';
import type { BlobItem, BlockBlobClient, ContainerClient } from '@azure/storage-blob';
import { defaultIdleMs, listPageEntries } from '../limits.ts';
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
import { azureServiceUrl, checkAzureSettings, type AzureSettings } from './azure-settings.ts';
import { explainAzure } from './explain-azure.ts';

type Sdk = typeof SdkModule;

/** What every written object gets: the host's own client writes no other type for these. */
const written = { blobHTTPHeaders: { blobContentType: 'application/octet-stream' } };

/** Requests to Azure Blob Storage; the package behind it is loaded by {@link AzureClient.connect}. */
export class AzureClient implements RemoteClient {
  readonly #container: ContainerClient;
  readonly #connections: Connections;
  readonly #nowMs: () => number;

  private constructor(container: ContainerClient, connections: Connections, nowMs: () => number) {
    this.#container = container;
    this.#connections = connections;
    this.#nowMs = nowMs;
  }

  static async connect(
    settings: AzureSettings,
    network: {
      verifiesCertificates: boolean;
      environment: Readonly<Record<string, string | undefined>>;
      nowMs: () => number;
    },
  ): Promise<AzureClient> {
    checkAzureSettings(settings);
    const url = azureServiceUrl(settings);
    const sdk = await import('@azure/storage-blob');
    const idleMs = settings.idleMs > 0 ? settings.idleMs : defaultIdleMs;
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
    const connections = openConnections({ host: url.hostname, port }, { ...network, idleMs });
    const container = containerOf(sdk, url, settings, connections);
    return new AzureClient(container, connections, network.nowMs);
  }

  async put(name: string, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    const blob = this.#container.getBlockBlobClient(name);
    await blob.upload(bufferOf(bytes), bytes.length, { ...written, ...options(signal) });
  }

  startUpload(name: string): Promise<RemoteUpload> {
    return Promise.resolve(uploadTo(this.#container.getBlockBlobClient(name)));
  }

  async open(
    name: string,
    range: { start: number; end: number | undefined } | undefined,
    signal: AbortSignal | undefined,
  ): Promise<RemoteContent> {
    const { start = 0, end } = range ?? {};
    const count = end === undefined ? undefined : end - start;
    const blob = this.#container.getBlobClient(name);
    // Offset 0 without a count is sent without a range: an empty object has no byte to give.
    const isWhole = start === 0 && count === undefined;
    const answer = await blob.download(start, count, { ...options(signal), maxRetryRequests: 0 });
    const content = {
      body: answer.readableStreamBody as Readable | undefined,
      lengthBytes: answer.contentLength,
      range: answer.contentRange,
      etag: answer.etag,
      modified: answer.lastModified,
    };
    return contentOf(content, !isWhole, name);
  }

  async head(name: string, signal: AbortSignal | undefined): Promise<ObjectHead | undefined> {
    try {
      const answer = await this.#container.getBlobClient(name).getProperties(options(signal));
      return {
        sizeBytes: answer.contentLength ?? 0,
        etag: answer.etag ?? '',
        modifiedMs: answer.lastModified?.getTime() ?? 0,
      };
    } catch (error) {
      if (this.explain(error).code === 'STORE_NOT_FOUND') return undefined;
      throw error;
    }
  }

  async listPage(
    { prefix, delimiter, token }: Parameters<RemoteClient['listPage']>[0],
    signal: AbortSignal | undefined,
  ): Promise<RemotePage> {
    const page = {
      maxPageSize: listPageEntries,
      ...(token === undefined ? {} : { continuationToken: token }),
    };
    // With metadata: accounts with directories list those too, told apart by nothing else.
    const asked = { prefix, includeMetadata: true, ...options(signal) };
    const pages =
      delimiter === undefined
        ? this.#container.listBlobsFlat(asked).byPage(page)
        : this.#container.listBlobsByHierarchy(delimiter, asked).byPage(page);
    const step = await pages.next();
    if (step.done === true) return { entries: [], next: undefined };
    const { segment, continuationToken } = step.value;
    const prefixes =
      'blobPrefixes' in segment ? (segment.blobPrefixes as { name: string }[] | undefined) : [];
    return {
      entries: [
        ...segment.blobItems.filter((item) => !isDirectory(item)).map(objectEntry),
        ...(prefixes ?? []).map(({ name }): ListEntry => ({ kind: 'prefix', key: name })),
      ],
      next: continuationToken === '' ? undefined : continuationToken,
    };
  }

  async delete(name: string, signal: AbortSignal | undefined): Promise<void> {
    try {
      const asked = { deleteSnapshots: 'include', ...options(signal) } as const;
      await this.#container.getBlobClient(name).delete(asked);
    } catch (error) {
      if (this.explain(error).code !== 'STORE_NOT_FOUND') throw error;
    }
  }

  explain(error: unknown): Fault {
    return explainAzure(error, this.#nowMs());
  }

  close(): void {
    this.#connections.close();
  }
}

function containerOf(
  sdk: Sdk,
  url: URL,
  { account, accessKey, container }: AzureSettings,
  connections: Connections,
): ContainerClient {
  const credential = new sdk.StorageSharedKeyCredential(account, accessKey);
  const pipeline = {
    // Handed through to the package's own requests, which then leave proxies to it.
    agent: url.protocol === 'https:' ? connections.https : connections.http,
    // Never asked, because of the agent; given, so that the environment is not read by other rules.
    proxyOptions: { host: 'http://127.0.0.1', port: 9 },
    retryOptions: { maxTries: 1 },
  };
  return new sdk.BlobServiceClient(
    url.href,
    sdk.newPipeline(credential, pipeline),
  ).getContainerClient(container);
}

/** An upload in blocks, which the service forgets by itself when they are never committed. */
function uploadTo(blob: BlockBlobClient): RemoteUpload {
  // All names of blocks have one length; those of two writers differ.
  const upload = randomBytes(12).toString('hex');
  const ids = new Map<number, string>();
  return {
    async putPart(number, bytes, signal) {
      const id = Buffer.from(`${upload}-${String(number).padStart(6, '0')}`).toString('base64');
      await blob.stageBlock(id, bufferOf(bytes), bytes.length, options(signal));
      ids.set(number, id);
    },
    async complete(signal) {
      const inOrder = [...ids].sort(([a], [b]) => a - b).map(([, id]) => id);
      await blob.commitBlockList(inOrder, { ...written, ...options(signal) });
    },
    abandon: () => Promise.resolve(),
  };
}

/** The same bytes: the package takes no other arrays. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function options(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

function isDirectory({ metadata }: BlobItem): boolean {
  return metadata?.['hdi_isfolder'] === 'true';
}

function objectEntry({ name, properties }: BlobItem): ListEntry {
  const sizeBytes = properties.contentLength ?? 0;
  return { kind: 'object', key: name, sizeBytes, modifiedMs: properties.lastModified.getTime() };
}
