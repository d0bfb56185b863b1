import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { getCACertificates } from 'node:tls';
import { StoreError } from '../errors.ts';
import { maxConnections } from '../limits.ts';
import { bypassesProxy } from './proxy-bypass.ts';

/** How a remote store is reached. */
export interface ConnectionOptions {
  /** Silence after which a connection is given up. */
  idleMs: number;
  /** False takes any certificate. */
  verifiesCertificates: boolean;
  /** `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, upper or lower case. */
  environment: Readonly<Record<string, string | undefined>>;
}

/** The agents of one store; `close` ends their connections. */
export interface Connections {
  http: HttpAgent;
  https: HttpsAgent;
  close(): void;
}

/**
 * Connections to a host as Go's client makes them: through the proxy of the environment unless the
 * host is excepted, with the certificates of the system besides the well-known ones.
 */
export function openConnections(
  { host, port }: { host: string; port: number },
  options: ConnectionOptions,
): Connections {
  const { idleMs, verifiesCertificates, environment } = options;
  const read = (name: string) => environment[name] || environment[name.toLowerCase()] || '';
  const proxyEnv = bypassesProxy(host, port, read('NO_PROXY'))
    ? {}
    : withoutEmpty({
        HTTP_PROXY: proxyAddress(read('HTTP_PROXY')),
        HTTPS_PROXY: proxyAddress(read('HTTPS_PROXY')),
      });
  const common = {
    keepAlive: true,
    maxSockets: maxConnections,
    timeout: idleMs,
    proxyEnv,
  };
  const http = new WatchedHttpAgent(common);
  const https = new WatchedHttpsAgent({
    ...common,
    rejectUnauthorized: verifiesCertificates,
    ...(verifiesCertificates ? { ca: trusted() } : {}),
    ...(isIP(host) === 0 ? {} : { servername: '' }),
  });
  const close = () => {
    http.destroy();
    https.destroy();
  };
  return { http, https, close };
}

type OnSocket = (error: Error | null, socket: Duplex) => void;

class WatchedHttpAgent extends HttpAgent {
  override createConnection(
    options: Parameters<HttpAgent['createConnection']>[0],
    onSocket?: OnSocket,
  ): Duplex | null | undefined {
    return watched(super.createConnection(options, watching(onSocket)));
  }
}

class WatchedHttpsAgent extends HttpsAgent {
  override createConnection(
    options: Parameters<HttpsAgent['createConnection']>[0],
    onSocket?: OnSocket,
  ): Duplex | null | undefined {
    return watched(super.createConnection(options, watching(onSocket)));
  }
}

function watching(onSocket: OnSocket | undefined): OnSocket {
  return (error, socket) => {
    onSocket?.(error, error === null ? watched(socket)! : socket);
  };
}

const seen = new WeakSet<Duplex>();

/** Ends a connection that is silent for its timeout: in the middle of a body as before an answer. */
function watched(socket: Duplex | null | undefined): Duplex | null | undefined {
  if (socket === null || socket === undefined || seen.has(socket)) return socket;
  seen.add(socket);
  socket.on('timeout', () => {
    const error = Object.assign(new Error('the connection was silent'), { code: 'ETIMEDOUT' });
    socket.destroy(error);
  });
  return socket;
}

let certificates: string[] | undefined;

/** Read once: it takes tens of milliseconds. */
function trusted(): string[] {
  certificates ??= [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
  return certificates;
}

/** The address of a proxy as Node takes it; Go takes one without scheme, too. */
function proxyAddress(configured: string): string {
  if (configured === '') return '';
  const address = configured.includes('://') ? configured : `http://${configured}`;
  const url = URL.parse(address);
  if (url !== null && /^https?:$/.test(url.protocol)) return address;
  // Never the address itself: it may have a password in it.
  const message = 'the proxy of the environment (HTTP_PROXY, HTTPS_PROXY) is no http address';
  throw new StoreError('STORE_BAD_SETTINGS', message, '');
}

function withoutEmpty(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
}
