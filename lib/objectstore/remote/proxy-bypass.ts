import { BlockList, isIP } from 'node:net';

/**
 * Whether a host is reached without the proxy: the rules of Go's client. This machine never needs
 * one; `NO_PROXY` has names (with all below them; `.name` means only those below), addresses, blocks of
 * addresses, or `*`; names and addresses may have a port, which then has to be that of the host.
 */
export function bypassesProxy(hostName: string, port: number, noProxy: string): boolean {
  const host = hostName.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  if (host === 'localhost' || isLoopback(host)) return true;
  const rules = noProxy.toLowerCase().split(',');
  return rules.map((rule) => rule.trim()).some((rule) => rule !== '' && isMeant(host, port, rule));
}

function isMeant(host: string, port: number, rule: string): boolean {
  if (rule === '*') return true;
  if (rule.includes('/')) return isWithin(host, rule);
  const bracketed = /^\[(.*)\](?::(\d+))?$/.exec(rule);
  const named = isIP(rule) === 0 ? /^([^:]*):(\d+)$/.exec(rule) : null;
  const [, plain = rule, portText] = bracketed ?? named ?? [];
  if (portText !== undefined && Number(portText) !== port) return false;
  if (isIP(plain) > 0) return host === plain;
  if (plain.startsWith('*.')) return host.endsWith(plain.slice(1));
  if (plain.startsWith('.')) return host.endsWith(plain);
  return host === plain || host.endsWith(`.${plain}`);
}

function isWithin(host: string, rule: string): boolean {
  const [network = '', length = ''] = rule.split('/');
  const bits = Number(length);
  const family = isIP(network);
  if (family === 0 || isIP(host) !== family || !Number.isInteger(bits)) return false;
  if (bits < 0 || bits > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, bits, family === 4 ? 'ipv4' : 'ipv6');
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

function isLoopback(host: string): boolean {
  return host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
