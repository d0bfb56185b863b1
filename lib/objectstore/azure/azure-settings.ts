import { StoreError } from '../errors.ts';

/** Where a container of Azure Blob Storage is and how it is used. */
export interface AzureSettings {
  account: string;
  /** The account's key, in base64. */
  accessKey: string;
  container: string;
  pathPrefix: string;
  /** `commercial`, `government`, `custom`; empty: the forms of hosts that know no clouds. */
  cloud: string;
  /** Address of the service with scheme and account; without a cloud: a host, the account goes behind it. */
  endpoint: string;
  /** Whether an address without scheme means https. */
  isSecure: boolean;
  /** Silence of a connection after which a request is given up; 0: a default. */
  idleMs: number;
}

const hostOfCloud: Readonly<Record<string, string>> = {
  '': 'blob.core.windows.net',
  commercial: 'blob.core.windows.net',
  government: 'blob.core.usgovcloudapi.net',
};

/** The rule of Azure: it becomes a part of a host name. */
const accountShape = /^[a-z0-9]{3,24}$/;

/**
 * The address of the blob service, by the rules of the host's own client; throws
 * `STORE_BAD_SETTINGS` when the settings give none.
 */
export function azureServiceUrl(settings: AzureSettings): URL {
  const { account, cloud, endpoint, isSecure } = settings;
  const scheme = isSecure ? 'https' : 'http';
  if (cloud === 'custom') {
    if (endpoint === '') throw badSettings('the cloud is custom and no endpoint is configured');
    return parseAddress(endpoint);
  }
  const host = hostOfCloud[cloud];
  if (host === undefined) throw badSettings('the cloud is none that is known');
  // Hosts of before the clouds had a host name here, and put the account behind it.
  if (cloud === '' && endpoint !== '') {
    if (endpoint.includes('://')) return parseAddress(endpoint);
    return parseAddress(`${scheme}://${endpoint.replace(/^\/+|\/+$/g, '')}/${account}`);
  }
  if (!accountShape.test(account)) throw badSettings('the storage account is no name of one');
  return parseAddress(`${scheme}://${account}.${host}`);
}

/** Throws `STORE_BAD_SETTINGS` unless a client can be made of the settings. */
export function checkAzureSettings(settings: AzureSettings): void {
  if (settings.account === '') throw badSettings('no storage account is configured');
  if (settings.container === '') throw badSettings('no container is configured');
  if (settings.accessKey === '') throw badSettings('no access key is configured');
  azureServiceUrl(settings);
}

function parseAddress(text: string): URL {
  const url = URL.parse(text);
  const isAddress = url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '';
  if (!isAddress) throw badSettings('the endpoint is no http or https address');
  return url;
}

function badSettings(message: string): StoreError {
  return new StoreError('STORE_BAD_SETTINGS', message, '');
}
