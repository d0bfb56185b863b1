import { mkdtemp, rm } from 'node:fs/promises';
import { type Server, type Socket, createServer } from 'node:net';
import { join } from 'node:path';
import { GoPluginError } from './errors.ts';
import { maxSilentConnections, maxSocketPathBytes } from './limits.ts';

/** A unix socket in a directory of its own that only we may enter, for one connection. */
export interface HostListener {
  path: string;
  /** Stops listening and removes the socket and its directory; may be called again. */
  close(): Promise<void>;
}

/**
 * Listens in the first of `directories` that works. `onHost` gets the first connection that says
 * something; after it nobody else is let in. Connections that hang up in silence do not count.
 */
export async function listenForHost(
  directories: readonly string[],
  onHost: (socket: Socket) => void,
): Promise<HostListener> {
  const reasons: string[] = [];
  for (const directory of new Set(directories)) {
    try {
      return await listenIn(directory, onHost);
    } catch (error) {
      reasons.push(`${directory}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const text = `No directory takes the plugin's socket: ${reasons.join('; ')}`;
  throw new GoPluginError('GOPLUGIN_NO_SOCKET', text);
}

async function listenIn(parent: string, onHost: (socket: Socket) => void): Promise<HostListener> {
  const prefix = join(parent, 'plugin-');
  // mkdtemp adds six characters and gives mode 0700.
  if (Buffer.byteLength(join(`${prefix}XXXXXX`, 's')) > maxSocketPathBytes) {
    throw new Error('the path is too long for a socket');
  }
  if (/[|\r\n]/.test(prefix)) throw new Error('the path does not fit into the handshake line');
  const directory = await mkdtemp(prefix);
  const remove = () => rm(directory, { recursive: true, force: true });
  const server = createServer();
  try {
    await listen(server, join(directory, 's'));
  } catch (error) {
    await remove();
    throw error;
  }
  const close = async () => {
    server.close();
    await remove();
  };
  admitFirstSpeaker(server, (socket) => {
    // A host dials once: nothing is left to clean up, however the process ends. What cannot be
    // removed now is tried again at the end.
    close().catch(() => undefined);
    onHost(socket);
  });
  return { path: join(directory, 's'), close };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      // From here on accepting may fail for a moment (no file descriptors); the host would retry.
      server.on('error', () => undefined);
      resolve();
    });
  });
}

function admitFirstSpeaker(server: Server, onHost: (socket: Socket) => void): void {
  const silent = new Set<Socket>();
  let hasHost = false;
  server.on('connection', (socket) => {
    if (hasHost || silent.size >= maxSilentConnections) {
      socket.destroy();
      return;
    }
    silent.add(socket);
    const forget = () => silent.delete(socket);
    const drop = () => socket.destroy();
    socket.once('close', forget);
    socket.once('error', drop);
    socket.once('end', drop);
    socket.once('readable', () => {
      if (socket.destroyed || socket.readableLength === 0) return;
      hasHost = true;
      socket.off('close', forget);
      socket.off('error', drop);
      socket.off('end', drop);
      silent.delete(socket);
      for (const other of silent) other.destroy();
      onHost(socket);
    });
  });
}
