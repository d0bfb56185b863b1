import { type GobStruct, boolField, intField, stringField } from '../../../lib/gob/index.ts';

/** The server's file settings as far as the driver in use has them. */
export interface FileConfig {
  driverName: string;
  directory: string;
  /** Set for the driver `amazons3`. */
  s3?: S3FileConfig;
  /** Set for the driver `azureblob`. */
  azure?: AzureFileConfig;
}

/** `FileSettings.AmazonS3…`. */
export interface S3FileConfig {
  accessKeyId: string;
  secretAccessKey: string;
  bucket: string;
  pathPrefix: string;
  region: string;
  endpoint: string;
  isSecure: boolean;
  usesSignV2: boolean;
  isEncrypted: boolean;
  /** Whether requests are to be told in the log, at its debug level. */
  isTraced: boolean;
  storageClass: string;
  requestTimeoutMs: number;
  uploadPartBytes: number;
  /** `ServiceSettings.EnableInsecureOutgoingConnections`. */
  takesAnyCertificate: boolean;
}

/** `FileSettings.Azure…`. */
export interface AzureFileConfig {
  /** Empty or `shared_key` in servers that know no other. */
  authMode: string;
  storageAccount: string;
  accessKey: string;
  container: string;
  pathPrefix: string;
  /** `commercial`, `government` or `custom`; empty in servers that do not know it. */
  cloud: string;
  endpoint: string;
  isSecure: boolean;
  requestTimeoutMs: number;
  /** `ServiceSettings.EnableInsecureOutgoingConnections`. */
  takesAnyCertificate: boolean;
}

/** Reads the file settings; secrets of drivers that are not in use stay behind. */
export function parseFileConfig(file: GobStruct, service: GobStruct): FileConfig {
  const driverName = stringField(file, 'DriverName');
  const directory = stringField(file, 'Directory');
  const takesAnyCertificate = boolField(service, 'EnableInsecureOutgoingConnections');
  if (driverName === 'amazons3') {
    return { driverName, directory, s3: { ...parseS3(file), takesAnyCertificate } };
  }
  if (driverName === 'azureblob') {
    return { driverName, directory, azure: { ...parseAzure(file), takesAnyCertificate } };
  }
  return { driverName, directory };
}

function parseS3(file: GobStruct): Omit<S3FileConfig, 'takesAnyCertificate'> {
  return {
    accessKeyId: stringField(file, 'AmazonS3AccessKeyId'),
    secretAccessKey: stringField(file, 'AmazonS3SecretAccessKey'),
    bucket: stringField(file, 'AmazonS3Bucket'),
    pathPrefix: stringField(file, 'AmazonS3PathPrefix'),
    region: stringField(file, 'AmazonS3Region'),
    endpoint: stringField(file, 'AmazonS3Endpoint'),
    isSecure: boolField(file, 'AmazonS3SSL'),
    usesSignV2: boolField(file, 'AmazonS3SignV2'),
    isEncrypted: boolField(file, 'AmazonS3SSE'),
    isTraced: boolField(file, 'AmazonS3Trace'),
    storageClass: stringField(file, 'AmazonS3StorageClass'),
    requestTimeoutMs: intField(file, 'AmazonS3RequestTimeoutMilliseconds'),
    uploadPartBytes: intField(file, 'AmazonS3UploadPartSizeBytes'),
  };
}

function parseAzure(file: GobStruct): Omit<AzureFileConfig, 'takesAnyCertificate'> {
  return {
    authMode: stringField(file, 'AzureAuthMode'),
    storageAccount: stringField(file, 'AzureStorageAccount'),
    accessKey: stringField(file, 'AzureAccessKey'),
    container: stringField(file, 'AzureContainer'),
    pathPrefix: stringField(file, 'AzurePathPrefix'),
    cloud: stringField(file, 'AzureCloud'),
    endpoint: stringField(file, 'AzureEndpoint'),
    isSecure: boolField(file, 'AzureSSL'),
    requestTimeoutMs: intField(file, 'AzureRequestTimeoutMilliseconds'),
  };
}
