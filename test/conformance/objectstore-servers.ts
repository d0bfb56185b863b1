import { S3Store, type S3Settings } from '../../lib/objectstore/index.ts';

/** Environment variables by which the suite learns where the servers are. */
export const s3EndpointVariable = 'TEST_S3_ENDPOINT';

export const accessKeyId = 'test-access-key';
export const secretAccessKey = 'test-secret-access-key';
export const bucket = 'metrics';

/** The settings of the S3 server of the tests. */
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

/** The real servers that are told of, each as a maker of stores below a prefix. */
export function objectStoreServers(
  environment: NodeJS.ProcessEnv,
): { name: string; open: (pathPrefix: string) => S3Store }[] {
  const endpoint = environment[s3EndpointVariable];
  if (endpoint === undefined) throw new Error(`${s3EndpointVariable} is not set`);
  const surroundings = { verifiesCertificates: true, environment: {} };
  const open = (pathPrefix: string) => new S3Store(s3Settings(endpoint, pathPrefix), surroundings);
  return [{ name: 'versitygw', open }];
}
