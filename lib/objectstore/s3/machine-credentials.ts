import { readFile } from 'node:fs/promises';
import type * as HttpProvider from '@aws-sdk/credential-provider-http';
import type * as WebIdentityProvider from '@aws-sdk/credential-provider-web-identity';
import type * as ImdsProvider from '@smithy/credential-provider-imds';
import { StoreError } from '../errors.ts';
import { roleTimeoutMs } from '../limits.ts';
import { plainName } from '../remote/explain-network.ts';
import { explainS3 } from './explain-s3.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Keys as the S3 client takes them; with an end they are asked for again before it. */
export type KeyProvider = ReturnType<typeof WebIdentityProvider.fromTokenFile>;

/**
 * The keys of the machine's role, from where the host's own client has them: the token of a web
 * identity, the container's service, or the instance's, whichever the environment names. Keys that
 * stand in the environment or in files of the user's home are not asked: the host does not either, and
 * would be somebody else in the store than the plugin.
 */
export async function machineCredentials(environment: Environment): Promise<KeyProvider> {
  const provider = await providerOf(environment);
  return async (properties) => {
    try {
      return await provider(properties);
    } catch (error) {
      throw roleError(error);
    }
  };
}

async function providerOf(environment: Environment): Promise<KeyProvider> {
  const read = (name: string) => environment[name] ?? '';
  const webIdentityTokenFile = read('AWS_WEB_IDENTITY_TOKEN_FILE');
  if (webIdentityTokenFile !== '') {
    const { fromTokenFile }: typeof WebIdentityProvider =
      await import('@aws-sdk/credential-provider-web-identity');
    const roleSessionName = read('AWS_ROLE_SESSION_NAME') || 'mattermost-plugin-metrics';
    const region = read('AWS_REGION');
    const role = {
      ...{ webIdentityTokenFile, roleArn: read('AWS_ROLE_ARN'), roleSessionName },
      ...(region === '' ? {} : { clientConfig: { region } }),
      logger: silent,
    };
    return async (properties) => {
      // The package reads it with a call that blocks; a missing one is told better here.
      await readFile(webIdentityTokenFile);
      return await fromTokenFile(role)(properties);
    };
  }
  const relative = read('AWS_CONTAINER_CREDENTIALS_RELATIVE_URI');
  const full = read('AWS_CONTAINER_CREDENTIALS_FULL_URI');
  if (relative !== '' || full !== '') {
    const { fromHttp }: typeof HttpProvider = await import('@aws-sdk/credential-provider-http');
    const tokenFile = read('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE');
    const token = read('AWS_CONTAINER_AUTHORIZATION_TOKEN');
    return fromHttp({
      ...(relative === ''
        ? { awsContainerCredentialsFullUri: full }
        : { awsContainerCredentialsRelativeUri: relative }),
      ...(tokenFile === '' ? {} : { awsContainerAuthorizationTokenFile: tokenFile }),
      ...(token === '' || tokenFile !== '' ? {} : { awsContainerAuthorizationToken: token }),
      timeout: roleTimeoutMs,
      logger: silent,
    });
  }
  const { fromInstanceMetadata }: typeof ImdsProvider =
    await import('@smithy/credential-provider-imds');
  return fromInstanceMetadata({ timeout: roleTimeoutMs, maxRetries: 2, logger: silent });
}

const nothing = () => undefined;
const silent = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

/** What a refusal of the service that gives out keys means; no answer means that there is no role. */
function roleError(error: unknown): StoreError {
  const fault = explainS3(error);
  const isRefusal = fault.code === 'STORE_DENIED' || fault.code === 'STORE_CREDENTIALS_EXPIRED';
  const name = fault.code === 'STORE_FAILED' ? plainName((error as Error).name) : fault.name;
  return isRefusal
    ? new StoreError(fault.code, `the role of this machine gives no keys (${name})`, '')
    : new StoreError(
        'STORE_CREDENTIALS',
        `no keys are set, and this machine has no role (${name})`,
        '',
      );
}
