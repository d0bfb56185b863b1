import { createHmac } from 'node:crypto';
import { isIP } from 'node:net';
import { labelsFrom, type Labels } from '../../../lib/tsdb/index.ts';
import { hostsNamedIn, isCommonHardware, replaceAddresses } from './address-shapes.ts';
import { hostOf } from '../selection/index.ts';
import { isPublicPlugin } from './public-plugins.ts';

/** Labels that name a host, with or without a port. */
const hostLabels = new Set([
  ...['instance', 'host', 'hostname', 'host_name', 'node', 'nodename', 'node_name', 'server'],
  ...['server_name', 'address', 'addr', 'ip', 'domainname', 'peer', 'fqdn'],
  ...['pod', 'pod_name'],
]);

/** The same behind what they are of: `db_host`, `remote_addr`. */
const hostLabelEnding = /_(?:host|hostname|instance|node|nodename|server|addr|address|ip|fqdn)$/;

/** Labels that name somebody or something of a customer: `user_id`, `teamId`, `id`, `email` and the like. */
const idLabel =
  /(?:^|_)(?:id|uuid|guid|serial|serial_number|asset_tag|wwn|user|username|user_name|email|login)$|[a-z](?:Id|Uuid)$|^(?:customer|tenant)$/;

/** One that names a version instead, the same with every customer. */
const versionIdLabel = /(?:^|_)version_id$/;
/** One that names a plugin: what anybody may have stays, what is a customer's own does not. */
const pluginIdLabel = /(?:^|_)plugin_id$/;

/** Says nothing of anybody; the last two are what exporters tell of kinds of addresses. */
const common = new Set([
  ...['localhost', '127.0.0.1', '::1', '0.0.0.0', '::', '(none)'],
  ...['v4', 'v6'],
]);

/** As the server makes its ids. */
const idShape = /(?<![A-Za-z0-9])[a-z0-9]{26}(?![A-Za-z0-9])/g;
const uuidShape =
  /(?<![A-Za-z0-9])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![A-Za-z0-9])/gi;
const mailShape = /[\w.%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,10}[A-Za-z]{2,63}/g;
const ipv4Shape = /(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)/g;
/** One that is no version: behind the begin of an address, or before a port. */
const addressedIpv4 =
  /(?<=\/\/|@)(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)|(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?=:\d{1,5}(?!\d))/g;
const ipv6Shape = /(?<![\w:])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])/g;

const hostChars = 16;
const idChars = 26;

/** Texts of which it is remembered what stands for them; most labels have few values. */
const maxRemembered = 50_000;

/** Names of hosts that are to be known before anything is replaced. */
export function hostsOfLabel(name: string, value: string): string[] {
  return isHostLabel(name) ? [value] : hostsNamedIn(value);
}

/** Whether the values of a label name hosts. */
function isHostLabel(name: string): boolean {
  return hostLabels.has(name) || hostLabelEnding.test(name);
}

/** Names of hosts to be found in texts. */
interface HostPatterns {
  /** Those that cannot be taken for a word. */
  distinct: RegExp;
  /** The others where they stand as an address: behind `//` or `@`, or before a port. */
  addressed: RegExp;
  all: RegExp;
}

/**
 * Replaces host names, addresses and ids by aliases: the same name has the same alias in every dump
 * made with the same key, and nobody without the key can tell which name it was.
 */
export class Redactor {
  readonly #key: Uint8Array;
  /** Original by alias. */
  readonly #originals = new Map<string, string>();
  readonly #aliasOf = new Map<string, string>();
  /** Known host names, in lower case. */
  readonly #hosts = new Set<string>();
  /** Ids of plugins that are not for everybody. */
  readonly #plugins = new Set<string>();
  #pluginPattern: RegExp = nothing;
  #patterns: HostPatterns | undefined;
  /** What stands for a text, and for a value with its label, as long as no other host is learned. */
  readonly #texts = new Map<string, string>();
  readonly #values = new Map<string, string>();
  /** Whether it counts how a host's name is written. */
  #isExact = false;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** Original by alias, of all that was replaced. */
  aliases(): Record<string, string> {
    return Object.fromEntries([...this.#originals].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Makes a host, or an instance, known, so that texts that mention it are found. */
  learn(instance: string): void {
    const host = hostOf(instance).toLowerCase();
    // A number is that of a NUMA node or of a replica.
    if (host === '' || saysNothing(host) || this.#hosts.has(host)) return;
    this.#hosts.add(host);
    this.#patterns = undefined;
    this.#forget();
  }

  /** Makes a plugin known, so that texts that mention it are found; one that anybody may have stays. */
  learnPlugin(id: string): void {
    if (id === '' || isPublicPlugin(id) || this.#plugins.has(id)) return;
    this.#plugins.add(id);
    this.#pluginPattern = new RegExp(
      `${wordStart}(?:${longestFirst(this.#plugins)})${wordEnd}`,
      'g',
    );
    this.#forget();
  }

  /** Learns the hosts and the plugins that the labels of a series name. */
  learnLabels(labels: Labels): void {
    for (let at = 0; at < labels.length; at += 2) {
      const name = labels[at] ?? '';
      const value = labels[at + 1] ?? '';
      for (const host of hostsOfLabel(name, value)) this.learn(host);
      if (pluginIdLabel.test(name)) this.learnPlugin(value);
    }
  }

  #forget(): void {
    this.#texts.clear();
    this.#values.clear();
  }

  /** A host or an instance; its port stays. */
  instance(text: string): string {
    if (text === '') return '';
    const host = hostOf(text);
    if (saysNothing(host)) return text;
    this.learn(text);
    const port = /:(\d+)$/.exec(text)?.[1];
    const hasPort = host !== text && port !== undefined;
    return hasPort ? `${this.#hostAlias(host)}:${port}` : this.#hostAlias(host);
  }

  /** An id, as one of the same shape: readers that check it take the alias, too. */
  id(text: string): string {
    return text === '' ? '' : this.#alias(text, '', idChars);
  }

  label(name: string, value: string): string {
    if (name === '__name__') return value;
    if (isHostLabel(name)) return this.instance(value);
    const isKept = versionIdLabel.test(name) || (pluginIdLabel.test(name) && isPublicPlugin(value));
    return idLabel.test(name) && !isKept ? this.id(value) : this.#value(name, value);
  }

  labels(labels: Labels): Labels {
    return mapLabels(labels, (name, value) => this.label(name, value));
  }

  /** Tells apart what {@link labels} does not: hosts that are written in another case, or in brackets. */
  exactLabels(labels: Labels): Labels {
    this.#isExact = true;
    try {
      return mapLabels(labels, (name, value) => {
        const isBracketed = isHostLabel(name) && /^\[.*\]$/.test(value);
        return isBracketed ? this.#exactAlias(value) : this.label(name, value);
      });
    } finally {
      this.#isExact = false;
    }
  }

  /** Any text: ids, hosts that cannot be taken for a word, and hosts and addresses where one stands. */
  text(text: string): string {
    const remembered = this.#texts.get(text);
    if (remembered !== undefined && !this.#isExact) return remembered;
    const { addressed, distinct } = this.#known();
    const replaced = this.#replaceIn(text, distinct)
      .replace(addressed, (found) => this.#hostAlias(found))
      .replace(addressedIpv4, (found) => this.#address(found));
    this.#remember(this.#texts, text, replaced);
    return replaced;
  }

  /** A text about hosts, as messages are: all known hosts, and every address. */
  message(text: string): string {
    return this.#replaceIn(this.#withoutMail(text), this.#known().all)
      .replace(ipv4Shape, (found) => this.#address(found))
      .replace(ipv6Shape, (found) => this.#address(found));
  }

  /** What any other label says: a text that may also be an address. */
  #value(name: string, value: string): string {
    const key = `${name}\0${value}`;
    const remembered = this.#values.get(key);
    if (remembered !== undefined && !this.#isExact) return remembered;
    const addressed = replaceAddresses(name, value, {
      host: (host) => (saysNothing(host) ? host : this.#hostAlias(host)),
      user: (user) => this.id(user),
    });
    const replaced = this.text(this.#withoutMail(addressed));
    this.#remember(this.#values, key, replaced);
    return replaced;
  }

  #remember(known: Map<string, string>, key: string, replaced: string): void {
    if (known.size < maxRemembered && !this.#isExact) known.set(key, replaced);
  }

  #withoutMail(text: string): string {
    return text.replace(mailShape, (found) => this.id(found));
  }

  #replaceIn(text: string, hosts: RegExp): string {
    return text
      .replace(this.#pluginPattern, (found) => this.id(found))
      .replace(hosts, (found) => this.#hostAlias(found))
      .replace(uuidShape, (found) => this.id(found))
      .replace(idShape, (found) => (this.#originals.has(found) ? found : this.id(found)));
  }

  #address(text: string): string {
    return isIP(text) === 0 || common.has(text) ? text : this.#hostAlias(text);
  }

  #hostAlias(host: string): string {
    const name = host.toLowerCase();
    if (this.#originals.has(name)) return name;
    if (this.#isExact && host !== name) return this.#exactAlias(host);
    return this.#alias(name, 'host-', hostChars);
  }

  #exactAlias(text: string): string {
    return this.#alias(text, 'host-', hostChars, 'exact-host-');
  }

  /** `kind` tells aliases apart that are made of the same text. */
  #alias(original: string, prefix: string, chars: number, kind = prefix): string {
    const known = this.#aliasOf.get(kind + original);
    if (known !== undefined) return known;
    const digest = createHmac('sha256', this.#key).update(`${kind}\0${original}`).digest('hex');
    const alias = prefix + digest.slice(0, chars);
    this.#aliasOf.set(kind + original, alias);
    this.#originals.set(alias, original);
    return alias;
  }

  #known(): HostPatterns {
    if (this.#patterns === undefined) {
      const names = [...this.#hosts].sort(byLength);
      const distinct = names.filter((name) => /[.\d:-]/.test(name) && name.length > 3);
      const words = names.filter((name) => !distinct.includes(name));
      const domains = [...new Set(names.flatMap(domainOf))];
      this.#patterns = {
        distinct: patternOf(distinct, domains),
        addressed: addressPatternOf(words),
        all: patternOf(names, domains),
      };
    }
    return this.#patterns;
  }
}

function mapLabels(labels: Labels, map: (name: string, value: string) => string): Labels {
  const pairs: [string, string][] = [];
  for (let at = 0; at < labels.length; at += 2) {
    const name = labels[at] ?? '';
    pairs.push([name, map(name, labels[at + 1] ?? '')]);
  }
  return labelsFrom(pairs);
}

/** Loopback, addresses of everybody, and mere numbers. */
function saysNothing(host: string): boolean {
  return common.has(host.toLowerCase()) || isCommonHardware(host) || /^\d+$/.test(host);
}

/** The domain that a host is in, where its name tells one of two parts at least. */
function domainOf(name: string): string[] {
  const domain = name.slice(name.indexOf('.') + 1);
  const isTold = /^[a-z0-9-]+(?:\.[a-z0-9-]+){2,}$/.test(name) && isIP(name) === 0;
  return isTold ? [domain] : [];
}

/** Whole names, and whatever is in one of the domains, in any case. */
function patternOf(names: readonly string[], domains: readonly string[]): RegExp {
  if (names.length === 0) return nothing;
  const inDomain =
    domains.length === 0 ? '' : `|(?:[a-z0-9-]{1,63}\\.){1,10}(?:${alternatives(domains)})`;
  return new RegExp(`${wordStart}(?:${alternatives(names)}${inDomain})${wordEnd}`, 'gi');
}

/** Whole names behind the begin of an address, or before a port. */
function addressPatternOf(names: readonly string[]): RegExp {
  if (names.length === 0) return nothing;
  const list = alternatives(names);
  const begun = `(?<=//|@)(?:${list})${wordEnd}`;
  return new RegExp(`${begun}|(?<![\\w.-])(?:${list})(?=:\\d{1,5}(?!\\d))`, 'gi');
}

const nothing = /(?!)/g;

function byLength(a: string, b: string): number {
  return b.length - a.length;
}

function longestFirst(names: Iterable<string>): string {
  return alternatives([...names].sort(byLength));
}

const wordStart = '(?<![A-Za-z0-9_-])';
const wordEnd = '(?![A-Za-z0-9_-]|\\.[A-Za-z0-9])';

function alternatives(names: readonly string[]): string {
  return names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
}
