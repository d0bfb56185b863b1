import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { root, run } from '../../build/command.ts';
import { eventually, type Checks } from './checks.ts';
import { accessKeyId, bucket, s3EndpointVariable, secretAccessKey } from './objectstore-servers.ts';
import { freePort, startDaemon } from './processes.ts';

/** An S3 server with files below it: it verifies signatures and knows uploads in parts. */
const serverVersion = 'v1.8.0';
const serverPackage = `github.com/versity/versitygw/cmd/versitygw@${serverVersion}`;
const programs = `${root}.cache/versitygw-${serverVersion}`;
const goProgram = existsSync('/usr/local/go/bin/go') ? '/usr/local/go/bin/go' : 'go';

/** The suite that every driver passes, over a real S3 server. */
export async function checkObjectStore(checks: Checks, directory: string): Promise<void> {
  const program = `${programs}/versitygw`;
  // Built once: the version is in the name.
  if (!existsSync(program)) {
    const env = { ...process.env, GOBIN: programs };
    await run(goProgram, ['install', serverPackage], { env });
  }
  const files = `${directory}/s3`;
  await mkdir(`${files}/${bucket}`, { recursive: true });
  const endpoint = `127.0.0.1:${await freePort()}`;
  const keys = ['--access', accessKeyId, '--secret', secretAccessKey];
  const args = ['--port', endpoint, ...keys, 'posix', files];
  const server = startDaemon(program, args, `${directory}/versitygw.log`);
  try {
    await eventually('versitygw listens', 15_000, () => isListening(endpoint));
    await checks.check('the driver amazons3 passes the suite on versitygw', async () => {
      const jest = ['--experimental-vm-modules', `${root}node_modules/jest/bin/jest.js`];
      const suite = ['--testMatch', '**/test/conformance/objectstore-suite.ts'];
      const options = ['--maxWorkers=1', '--testTimeout=30000'];
      const env = { ...process.env, [s3EndpointVariable]: endpoint };
      await run('node', [...jest, ...suite, ...options], { cwd: root, env });
    });
  } finally {
    await server.stop();
  }
}

function isListening(endpoint: string): Promise<true | undefined> {
  const [host = '', port = ''] = endpoint.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), host);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(undefined);
    });
  });
}
