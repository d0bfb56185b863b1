import { BlockList, isIP, isIPv6 } from 'node:net';
import { say, type KnownSentence } from '../../api/index.ts';

/**
 * Reads host names and addresses that others wrote: into database rows, into settings.
 * Contract: what `cleanHost` calls a host can be connected to and put into a label; IPv6 addresses
 * are without brackets and in their shortest form, names in lower case and without a final dot.
 */
export type CleanHost = { kind: 'host'; host: string } | { kind: 'problem'; reason: KnownSentence };

/** Longest name of DNS. */
const maxNameChars = 253;

const namePart = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** What a part must not be at the end of a name: resolvers read it as an address in disguise. */
const numericPart = /^([0-9]+|0x[0-9a-f]*)$/;

/** Takes a host as it stands in a row or a setting, with or without brackets around IPv6. */
export function cleanHost(text: string): CleanHost {
  const trimmed = text.trim();
  if (trimmed === '') return problem(say('host.empty'));
  if (trimmed.length > maxNameChars) {
    return problem(say('host.too-long', { limitCount: maxNameChars }));
  }
  const bare = /^\[(.*)\]$/.exec(trimmed)?.[1] ?? trimmed;
  if (bare.includes('%')) return problem(say('host.zone'));
  if (bare !== trimmed && !isIPv6(bare)) return problem(say('host.brackets'));
  if (isIP(bare) !== 0) return cleanAddress(bare);
  return cleanName(bare.toLowerCase().replace(/\.$/, ''));
}

function cleanAddress(address: string): CleanHost {
  const host = isIPv6(address) ? shortIPv6(address) : address;
  if (isUnspecified(host)) return problem(say('host.nowhere'));
  return { kind: 'host', host };
}

function cleanName(name: string): CleanHost {
  if (/[\s/\\@?#]/.test(name)) return problem(say('host.not-plain'));
  if (/^[^:]*:[0-9]*$/.test(name)) return problem(say('host.port'));
  const parts = name.split('.');
  if (!parts.every((part) => namePart.test(part))) return problem(say('host.no-name'));
  if (numericPart.test(parts.at(-1) ?? '')) return problem(say('host.neither'));
  return { kind: 'host', host: name };
}

function problem(reason: KnownSentence): CleanHost {
  return { kind: 'problem', reason };
}

/** An IPv6 address as everybody writes it, so that two spellings are one host. */
function shortIPv6(address: string): string {
  const host = URL.parse(`http://[${address}]/`)?.hostname.slice(1, -1) ?? address;
  // An IPv4 address in IPv6 clothes is that IPv4 address.
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host);
  if (mapped === null) return host;
  const [high, low] = [parseInt(mapped[1] ?? '', 16), parseInt(mapped[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

function isUnspecified(host: string): boolean {
  return host === '::' || host === '0.0.0.0';
}

/**
 * Where clouds tell their machines secrets: link-local addresses and the three that are not, and
 * with them the old and new ways to write an IPv4 address inside IPv6.
 */
const metadataAddresses = new BlockList();
metadataAddresses.addSubnet('169.254.0.0', 16, 'ipv4');
metadataAddresses.addAddress('100.100.100.200', 'ipv4');
metadataAddresses.addAddress('fd00:ec2::254', 'ipv6');
metadataAddresses.addAddress('fd20:ce::254', 'ipv6');
metadataAddresses.addSubnet('fe80::', 10, 'ipv6');
metadataAddresses.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');
metadataAddresses.addSubnet('::a9fe:0', 112, 'ipv6');
metadataAddresses.addSubnet('2002:a9fe::', 32, 'ipv6');

/** Whether nothing must ever be fetched from an address (not a name). */
export function isForbiddenAddress(address: string): boolean {
  // A zone only says through which interface.
  const [bare = ''] = address.split('%');
  const family = isIP(bare);
  if (family === 0) return false;
  const host = family === 6 ? shortIPv6(bare) : bare;
  if (isUnspecified(host)) return true;
  return metadataAddresses.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
}

/** Text of others as a message may show it: short, one line, without what may be a password. */
export function shownText(text: string): string {
  if (text.includes('@')) return '(not shown)';
  const printable = text.replaceAll(/[^\x20-\x7e]/g, '?');
  return printable.length > 60 ? `${printable.slice(0, 60)}…` : printable;
}
