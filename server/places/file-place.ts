import { join, resolve } from 'node:path';
import {
  consolePages,
  makeProblem,
  say,
  type KnownSentence,
  type Problem,
} from '../../api/index.ts';
import {
  AzureStore,
  LocalStore,
  S3Store,
  type ObjectStore,
  type TracedRequest,
} from '../../lib/objectstore/index.ts';
import type { Clock, Logger, Rng } from '../../lib/runtime/index.ts';
import type { AzureFileConfig, FileConfig, S3FileConfig } from '../mattermost/index.ts';

/** Below the data directory, where blocks and dumps go while the server's file store cannot be used. */
const substituteName = 'file-store';

/** What the choice of the file store depends on besides the settings. */
export interface FilePlaceOptions {
  workingDirectory: string;
  dataDirectory: string;
  /** The process's environment: proxies, credentials of a role. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Whether the licence has what encryption at rest needs. */
  isComplianceLicensed: boolean;
  clock: Clock;
  rng: Rng;
  /** For the requests to a store whose settings ask for that. */
  logger: Pick<Logger, 'debug'>;
}

/** Where blocks and dumps are kept. */
export interface FilePlace {
  store: ObjectStore;
  /** Of a store on a disk, as this node sees it. */
  directory?: string;
  problems: Problem[];
  /** Ends the store's connections. */
  close(): Promise<void>;
}

/**
 * The server's file store as it is configured or, when this version cannot use it, a directory beside
 * the local store, with a problem that says so. Nothing is connected to yet.
 */
export function openFilePlace(file: FileConfig, options: FilePlaceOptions): FilePlace {
  const { workingDirectory, dataDirectory } = options;
  const reason = refusal(file, options.environment);
  if (reason !== undefined) {
    const directory = join(dataDirectory, substituteName);
    return localPlace(directory, options, [substituteProblem(reason, directory)]);
  }
  if (file.s3 !== undefined) return remotePlace(s3Store(file.s3, options));
  if (file.azure !== undefined) return remotePlace(azureStore(file.azure, options));
  return localPlace(resolve(workingDirectory, file.directory), options, []);
}

/** What the settings ask for that cannot be done; undefined when all of it can. */
function refusal(
  file: FileConfig,
  environment: Readonly<Record<string, string | undefined>>,
): KnownSentence | undefined {
  const { azure, driverName, s3 } = file;
  if (driverName === 'local' || driverName === '') return undefined;
  if (azure !== undefined) return azureRefusal(azure);
  if (s3 === undefined) return say('place.kind', { driver: driverName });
  if ((environment['MM_CLOUD_FILESTORE_BIFROST'] ?? '') !== '') {
    return say('place.bifrost');
  }
  return s3.usesSignV2 ? say('place.sign-v2') : undefined;
}

/** Other ways to sign in than by the account's key are not known to this version. */
function azureRefusal({ authMode }: AzureFileConfig): KnownSentence | undefined {
  const usesKey = authMode === '' || authMode === 'shared_key';
  return usesKey ? undefined : say('place.azure-auth', { mode: authMode });
}

function localPlace(directory: string, options: FilePlaceOptions, problems: Problem[]): FilePlace {
  const { clock, rng } = options;
  const store = new LocalStore(directory, { clock, rng });
  return { store, directory, problems, close: () => Promise.resolve() };
}

function remotePlace(store: ObjectStore & { close(): Promise<void> }): FilePlace {
  return { store, problems: [], close: () => store.close() };
}

function s3Store(s3: S3FileConfig, options: FilePlaceOptions): S3Store {
  const { clock, rng, environment, isComplianceLicensed, logger } = options;
  const settings = {
    bucket: s3.bucket,
    pathPrefix: s3.pathPrefix,
    region: s3.region,
    endpoint: s3.endpoint,
    isSecure: s3.isSecure,
    accessKeyId: s3.accessKeyId,
    secretAccessKey: s3.secretAccessKey,
    // The server's own rule: the setting has no effect without the licence.
    isEncrypted: s3.isEncrypted && isComplianceLicensed,
    storageClass: s3.storageClass,
    partBytes: s3.uploadPartBytes,
    idleMs: s3.requestTimeoutMs,
  };
  const surroundings = { clock, rng, environment, verifiesCertificates: !s3.takesAnyCertificate };
  return new S3Store(settings, s3.isTraced ? { ...surroundings, onRequest } : surroundings);

  function onRequest({ method, path, status, durationMs }: TracedRequest): void {
    const ms = Math.round(durationMs);
    logger.debug('Request to the file store', { method, path, status: status ?? 0, ms });
  }
}

function azureStore(azure: AzureFileConfig, options: FilePlaceOptions): AzureStore {
  const { clock, rng, environment } = options;
  const settings = {
    account: azure.storageAccount,
    accessKey: azure.accessKey,
    container: azure.container,
    pathPrefix: azure.pathPrefix,
    cloud: azure.cloud,
    endpoint: azure.endpoint,
    isSecure: azure.isSecure,
    idleMs: azure.requestTimeoutMs,
  };
  const verifiesCertificates = !azure.takesAnyCertificate;
  return new AzureStore(settings, { clock, rng, environment, verifiesCertificates });
}

function substituteProblem(what: KnownSentence, directory: string): Problem {
  return makeProblem({
    code: 'FILE_STORE_UNSUPPORTED',
    severity: 'error',
    message: say('place.unsupported', { what, directory }),
    advice: say('place.unsupported.advice'),
    link: consolePages.fileStorage,
  });
}
