import { say, type KnownSentence } from '../../../api/index.ts';

/** Where to reach a server that listens at some address, or what is wrong with that address. */
export type ListenAddress =
  | { kind: 'address'; host: string; port: number; isLoopback: boolean; isWildcard: boolean }
  | { kind: 'problem'; sentence: KnownSentence };

const loopback = '127.0.0.1';

/** The service names that a Go program knows without a services file. */
const servicePorts: Readonly<Record<string, number>> = {
  domain: 53,
  ftp: 21,
  ftps: 990,
  gopher: 70,
  http: 80,
  https: 443,
  imap2: 143,
  imap3: 220,
  imaps: 993,
  pop3: 110,
  pop3s: 995,
  smtp: 25,
  submissions: 465,
  ssh: 22,
  telnet: 23,
};

/**
 * Reads a listen address of the server's configuration in all its forms (`:8067`, `8067`,
 * `0.0.0.0:8067`, `[::]:8067`, `10.0.0.5:8067`, `localhost:8067`, `host:http`) as the address to
 * connect to from the same machine: a wildcard is reached over the loopback interface.
 */
export function parseListenAddress(text: string): ListenAddress {
  const trimmed = text.trim();
  if (trimmed === '') return { kind: 'problem', sentence: say('metrics.address.empty') };
  const parts = splitHostPort(trimmed);
  if (parts === undefined) {
    return problem(trimmed, say('metrics.address.no-port'));
  }
  const port = parsePort(parts.port);
  if (port === undefined) {
    return problem(trimmed, say('port.range'));
  }
  if (!isHost(parts.host)) return problem(trimmed, say('metrics.address.no-host'));
  return { kind: 'address', port, ...reachableHost(parts.host) };
}

function problem(text: string, reason: KnownSentence): ListenAddress {
  const address = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return { kind: 'problem', sentence: say('metrics.address', { address, reason }) };
}

function splitHostPort(text: string): { host: string; port: string } | undefined {
  // The console's own text suggests a bare port number.
  if (/^[0-9]+$/.test(text)) return { host: '', port: text };
  const bracketed = /^\[([^\]]*)\]:(.*)$/.exec(text);
  if (bracketed !== null) return { host: bracketed[1] ?? '', port: bracketed[2] ?? '' };
  const colon = text.lastIndexOf(':');
  if (colon === -1 || text.indexOf(':') !== colon) return undefined;
  return { host: text.slice(0, colon), port: text.slice(colon + 1) };
}

function parsePort(text: string): number | undefined {
  if (!/^[0-9]{1,5}$/.test(text)) return servicePorts[text.toLowerCase()];
  const port = Number(text);
  return port >= 1 && port <= 65_535 ? port : undefined;
}

function isHost(host: string): boolean {
  return /^[A-Za-z0-9._\-:%]*$/.test(host) && host.length <= 255;
}

function reachableHost(host: string): { host: string; isLoopback: boolean; isWildcard: boolean } {
  if (host === '' || host === '0.0.0.0' || /^[0:]+$/.test(host)) {
    // A Go server on the IPv6 wildcard takes IPv4 too, also where IPv6 is switched off.
    return { host: loopback, isLoopback: false, isWildcard: true };
  }
  // Go listens on the IPv4 address of localhost; the name would cost a lookup in a thread pool.
  if (host.toLowerCase() === 'localhost') {
    return { host: loopback, isLoopback: true, isWildcard: false };
  }
  const isLoopback = host === '::1' || /^127(\.[0-9]{1,3}){3}$/.test(host);
  return { host, isLoopback, isWildcard: false };
}
