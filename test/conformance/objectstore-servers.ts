import {
  AzureStore,
  S3Store,
  type AzureSettings,
  type RemoteSurroundings,
  type S3Settings,
} from '../../lib/objectstore/index.ts';

/** Environment variables by which the suites learn where the servers are. */
export const s3EndpointVariable = 'TEST_S3_ENDPOINT';
export const azureEndpointVariable = 'TEST_AZURE_ENDPOINT';

export const accessKeyId = 'test-access-key';
export const secretAccessKey = 'test-secret-access-key';
export const azureAccount = 'metricsaccount';
export const azureKey = Buffer.from('a key for the tests, as long as a real one is').toString(
  'base64',
);
/** The bucket of one server, the container of the other. */
export const bucket = 'metrics';

/** The settings of the S3 server of the tests; `endpoint` is `host:port`. */
export function s3Settings(endpoint: string, pathPrefix: string): S3Settings {
  return {
    bucket,
    pathPrefix,
    region: '',
    endpoint,
    isSecure: false,
    accessKeyId,
    secretAccessKey,
    isEncrypted: false,
    storageClass: '',
    partBytes: 0,
    idleMs: 0,
  };
}

/** The settings of Azurite; `endpoint` is `host:port`. */
export function azureSettings(endpoint: string, pathPrefix: string): AzureSettings {
  return {
    account: azureAccount,
    accessKey: azureKey,
    container: bucket,
    pathPrefix,
    cloud: 'custom',
    endpoint: `http://${endpoint}/${azureAccount}`,
    isSecure: false,
    idleMs: 0,
  };
}

/** A real server, as a maker of stores below a prefix. */
export interface RemoteServer {
  name: string;
  endpoint: string;
  open(pathPrefix: string, options?: OpenOptions): S3Store | AzureStore;
}

/** What a test may have otherwise. */
export interface OpenOptions {
  /** Of a proxy before the server. */
  endpoint?: string;
  isSecure?: boolean;
  idleMs?: number;
  /** The secret key of one, the account's key of the other. */
  accessKey?: string;
  bucket?: string;
  surroundings?: Partial<RemoteSurroundings>;
}

/** The real servers that are told of. */
export function objectStoreServers(environment: NodeJS.ProcessEnv): RemoteServer[] {
  const s3 = environment[s3EndpointVariable];
  const azure = environment[azureEndpointVariable];
  if (s3 === undefined) throw new Error(`${s3EndpointVariable} is not set`);
  if (azure === undefined) throw new Error(`${azureEndpointVariable} is not set`);
  return [
    { name: 'versitygw', endpoint: s3, open: (prefix, options) => openS3(s3, prefix, options) },
    {
      name: 'azurite',
      endpoint: azure,
      open: (prefix, options) => openAzure(azure, prefix, options),
    },
  ];
}

const surroundingsOf = (options: OpenOptions): RemoteSurroundings => {
  return { verifiesCertificates: true, environment: {}, ...options.surroundings };
};

function openS3(own: string, pathPrefix: string, options: OpenOptions = {}): S3Store {
  const { endpoint = own, idleMs = 0, isSecure = false } = options;
  const { accessKey = secretAccessKey, bucket: name = bucket } = options;
  const settings = {
    ...s3Settings(endpoint, pathPrefix),
    ...{ idleMs, isSecure, secretAccessKey: accessKey, bucket: name },
  };
  return new S3Store(settings, surroundingsOf(options));
}

function openAzure(own: string, pathPrefix: string, options: OpenOptions = {}): AzureStore {
  const { endpoint = own, idleMs = 0, isSecure = false } = options;
  const { accessKey = azureKey, bucket: container = bucket } = options;
  const settings = azureSettings(endpoint, pathPrefix);
  const address = isSecure ? settings.endpoint.replace('http:', 'https:') : settings.endpoint;
  const changed = { ...settings, idleMs, accessKey, container, endpoint: address };
  return new AzureStore(changed, surroundingsOf(options));
}
