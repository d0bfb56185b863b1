import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { goProgram, root, run } from '../../build/command.ts';
import { eventually } from './checks.ts';
import { accessKeyId, bucket, secretAccessKey } from './objectstore-servers.ts';
import { freePort, isListening, startDaemon, type Daemon } from './processes.ts';

/** An S3 server with files below it: it verifies signatures and knows uploads in parts. */
const serverVersion = 'v1.8.0';
const serverPackage = `github.com/versity/versitygw/cmd/versitygw@${serverVersion}`;
const programs = `${root}.cache/versitygw-${serverVersion}`;

/** A server of object storage with an empty bucket or container in it. */
export interface StorageServer {
  /** `host:port` */
  endpoint: string;
  daemon: Daemon;
}

/** Starts versitygw over files below `directory`; its keys and bucket are in objectstore-servers.ts. */
export async function startS3Server(directory: string, host = '127.0.0.1'): Promise<StorageServer> {
  const program = `${programs}/versitygw`;
  // Built once: the version is in the name.
  if (!existsSync(program)) {
    const env = { ...process.env, GOBIN: programs };
    await run(goProgram, ['install', serverPackage], { env });
  }
  const files = `${directory}/s3`;
  await mkdir(`${files}/${bucket}`, { recursive: true });
  const endpoint = `${host}:${await freePort()}`;
  const keys = ['--access', accessKeyId, '--secret', secretAccessKey];
  const args = ['--port', endpoint, ...keys, 'posix', files];
  const daemon = startDaemon(program, args, `${directory}/versitygw.log`);
  await eventually('versitygw listens', 15_000, () => isListening(endpoint));
  return { endpoint, daemon };
}
