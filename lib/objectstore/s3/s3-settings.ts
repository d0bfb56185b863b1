/** Where a bucket is and how it is used. */
export interface S3Settings {
  bucket: string;
  pathPrefix: string;
  /** Empty: `us-east-1`, or what the host of Amazon says. */
  region: string;
  /** Host with or without port; empty: Amazon. */
  endpoint: string;
  isSecure: boolean;
  /** Both empty: the credentials of the machine's role. */
  accessKeyId: string;
  secretAccessKey: string;
  /** Whether objects are encrypted at rest with keys of the store (SSE-S3). */
  isEncrypted: boolean;
  /** Empty: the bucket's own. */
  storageClass: string;
  partBytes: number;
  /** Silence of a connection after which a request is given up; 0: a default. */
  idleMs: number;
}

/** An endpoint as the client needs it. */
export interface S3Place {
  region: string;
  /** Undefined: the client knows where Amazon is. */
  endpoint: string | undefined;
  /** The bucket in the path instead of the host name. */
  isPathStyle: boolean;
  /** The host that requests go to, and its port. */
  host: string;
  port: number;
}

const defaultRegion = 'us-east-1';

/** `s3.amazonaws.com`, `s3.eu-west-1.amazonaws.com`, `s3-eu-west-1.amazonaws.com`, `….amazonaws.com.cn`. */
const plainAmazon = /^s3(?:[.-]([a-z]{2}(?:-[a-z]+)+-\d+))?\.amazonaws\.com(?:\.cn)?$/;
/** Buckets in host names, as the host's own client does with these. */
const virtualHosts = /(^|\.)(amazonaws\.com(\.cn)?|storage\.googleapis\.com|aliyuncs\.com)$/;

/** Whether an endpoint is a host with or without port, and nothing else: no scheme, no path. */
export function isHostOfEndpoint(endpoint: string): boolean {
  const host = endpoint.replace(/\/$/, '');
  return /^[^\s/?#@\\]+$/.test(host) && URL.canParse(`https://${host}`);
}

/** Where requests go; throws nothing: what is wrong shows with the first request. */
export function s3PlaceOf(settings: S3Settings): S3Place {
  const endpoint = settings.endpoint.replace(/\/$/, '');
  const configured = endpoint === '' ? 's3.amazonaws.com' : endpoint;
  const scheme = settings.isSecure ? 'https' : 'http';
  const url = URL.parse(`${scheme}://${configured}`);
  const hostName = url?.hostname ?? configured;
  const amazon = plainAmazon.exec(hostName);
  const region = settings.region === '' ? (amazon?.[1] ?? defaultRegion) : settings.region;
  const isPlain = amazon !== null && settings.isSecure && url?.port === '';
  const isVirtual = virtualHosts.test(hostName) && !settings.bucket.includes('.');
  return {
    region,
    endpoint: isPlain ? undefined : `${scheme}://${configured}`,
    isPathStyle: !isVirtual,
    host: isVirtual ? `${settings.bucket}.${hostName}` : hostName,
    port: portOf(url, settings.isSecure),
  };
}

function portOf(url: URL | null, isSecure: boolean): number {
  const port = url?.port ?? '';
  return port === '' ? (isSecure ? 443 : 80) : Number(port);
}
