import { isIP } from 'node:net';

const ipv4 = String.raw`(?:\d{1,3}\.){3}\d{1,3}`;
const bracketed = String.raw`\[[0-9A-Fa-f:.]+\]`;
const longName = String.raw`[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]`;
const name = `(?:${longName}|[A-Za-z0-9])`;
const host = `(?:${bracketed}|${name})`;
/** What a list of addresses has between them. */
const listBegin = String.raw`(?<=^|[,;\s])`;

/** `http://host`, `//host/share`: behind the scheme, and behind who signs in there, which is told apart. */
const inUrl = new RegExp(
  String.raw`(?<=(?:^|[A-Za-z]:)//)(?<user>[^\s/@]+@)?(?<host>${host})(?=[:/?#\s"',;]|$)`,
  'g',
);
/** `host:/directory`, as network file systems are mounted; neither a drive nor a method with its route. */
const inMount = new RegExp(
  `^(?!(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|file|unix):)(?<host>${bracketed}|${longName})(?=:/(?!/))`,
  'g',
);
/** `host.domain:90` and `host:900`; what follows a mere word may count something. */
const beforePort = new RegExp(
  `${listBegin}(?<host>${bracketed}(?=:\\d{2,5})|(?=[^:,;\\s]*[A-Za-z])(?:${name}(?=:\\d{3,5})|${name}(?<=\\..*)(?=:\\d{2})))(?=:\\d+(?:[,;\\s]|$))`,
  'g',
);

const addressList = new RegExp(`^${ipv4}(?::\\d+|/\\d+)?(?:[,;\\s]+${ipv4}(?::\\d+|/\\d+)?)*$`);
const eachIpv4 = new RegExp(ipv4, 'g');
const ipv6Shape = /(?<![\w:])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])/g;
const hardware = /^(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$/;

/** Labels with versions, which can look like an address. */
const versionLabel = /version|release|revision|build/i;

/** What stands for what was found. */
export interface AddressAliases {
  host: (text: string) => string;
  user: (text: string) => string;
}

/** A value of a label with aliases where it names a host by its shape alone, whichever label it is. */
export function replaceAddresses(label: string, value: string, aliases: AddressAliases): string {
  if (hardware.test(value)) return aliases.host(value);
  if (addressList.test(value) && !versionLabel.test(label)) {
    return value.replace(eachIpv4, (found) => (isIP(found) === 0 ? found : aliases.host(found)));
  }
  const named = [inUrl, inMount, beforePort].reduce(
    (text, shape) => text.replace(shape, (...found) => replaceHost(found, aliases)),
    value,
  );
  return named.replace(ipv6Shape, (found) => (isIP(found) === 0 ? found : aliases.host(found)));
}

/** The hosts that {@link replaceAddresses} would find by their names. */
export function hostsNamedIn(value: string): string[] {
  return [inUrl, inMount, beforePort].flatMap((shape) =>
    [...value.matchAll(shape)].flatMap(({ groups }) => withoutBrackets(groups?.['host'] ?? '')),
  );
}

/** Whether it is the hardware address of everybody, or of nobody. */
export function isCommonHardware(text: string): boolean {
  return /^(?:(?:ff[:-]){5}ff|(?:00[:-]){5}00)$/i.test(text);
}

function replaceHost(found: unknown[], aliases: AddressAliases): string {
  const { host: text = '', user } = found.at(-1) as Record<string, string | undefined>;
  const alias = aliases.host(withoutBrackets(text));
  const signIn = user === undefined ? '' : `${aliases.user(user.slice(0, -1))}@`;
  return signIn + (text.startsWith('[') ? `[${alias}]` : alias);
}

function withoutBrackets(text: string): string {
  return text.startsWith('[') ? text.slice(1, -1) : text;
}
