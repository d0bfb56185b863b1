export { AzureStore } from './azure/azure-store.ts';
export type { AzureSettings } from './azure/azure-settings.ts';
export { StoreError, type StoreErrorCode } from './errors.ts';
export { checkKey, joinKey } from './keys.ts';
export { LocalStore, type LocalStoreOptions } from './local-store.ts';
export type {
  ByteRange,
  CallOptions,
  GetOptions,
  ListEntry,
  ListOptions,
  ObjectBody,
  ObjectContent,
  ObjectHead,
  ObjectStore,
  PutOptions,
} from './object-store.ts';
export { readObject } from './read-object.ts';
export type { RemoteSurroundings } from './remote/surroundings.ts';
export type { TracedRequest } from './s3/s3-client.ts';
export { S3Store } from './s3/s3-store.ts';
export type { S3Settings } from './s3/s3-settings.ts';
