import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { seededRng, silentLogger, systemClock } from '../../lib/runtime/index.ts';
import { testNeeding } from '../../test/programs.ts';
import type { AzureFileConfig, FileConfig, S3FileConfig } from '../mattermost/index.ts';
import { openFilePlace } from './file-place.ts';

/** A store that has nothing, and a certificate that nobody signed. */
async function untrustedStore(): Promise<{ server: Server; endpoint: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'certificate-'));
  const [key, cert] = [join(directory, 'key'), join(directory, 'cert')];
  const shape = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const files = ['-keyout', key, '-out', cert, '-subj', '/CN=127.0.0.1', ...shape];
  execFileSync('openssl', ['req', '-x509', '-nodes', ...files], { stdio: 'ignore' });
  const options = { key: await readFile(key), cert: await readFile(cert) };
  await rm(directory, { recursive: true });
  const server = createServer(options, (_, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, endpoint: `127.0.0.1:${String((server.address() as AddressInfo).port)}` };
}

function s3(endpoint: string, takesAnyCertificate: boolean): FileConfig {
  const s3: S3FileConfig = {
    ...{ accessKeyId: 'id', secretAccessKey: 'secret', bucket: 'b', pathPrefix: '' },
    ...{ region: 'us-east-1', endpoint, isSecure: true, usesSignV2: false, isEncrypted: false },
    ...{ isTraced: false, storageClass: '', requestTimeoutMs: 30_000 },
    ...{ uploadPartBytes: 5_242_880, takesAnyCertificate },
  };
  return { driverName: 'amazons3', directory: '', s3 };
}

function azure(endpoint: string, takesAnyCertificate: boolean): FileConfig {
  const azure: AzureFileConfig = {
    ...{ authMode: 'shared_key', storageAccount: 'account', accessKey: 'dGhlLXNlY3JldA==' },
    ...{ container: 'c', pathPrefix: '', cloud: '', endpoint, isSecure: true },
    ...{ requestTimeoutMs: 30_000, takesAnyCertificate },
  };
  return { driverName: 'azureblob', directory: '', azure };
}

testNeeding({ programs: ['openssl'] })(
  'judges certificates unless the settings of the file store say not to',
  async () => {
    const { endpoint, server } = await untrustedStore();
    const outcome = async (file: FileConfig) => {
      const { close, store } = openFilePlace(file, {
        ...{ workingDirectory: '/srv', dataDirectory: '/var/m', environment: {} },
        ...{ isComplianceLicensed: false, clock: systemClock, rng: seededRng(1) },
        logger: silentLogger,
      });
      const code = (error: unknown) => (error as { code?: string }).code;
      const found = await store.head('key').then((head) => head ?? 'nothing there', code);
      await close();
      return found;
    };
    const outcomes = [];
    for (const fileOf of [s3, azure]) {
      for (const takesAny of [false, true])
        outcomes.push(await outcome(fileOf(endpoint, takesAny)));
    }
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const each = ['STORE_CERTIFICATE', 'nothing there'];
    expect(outcomes).toEqual([...each, ...each]);
  },
);
