import type { Redactor } from './redactor.ts';

/** Facts of the archive itself, and words of a fixed list. */
const kept = new Set([
  ...['format', 'jobId', 'path', 'sha256', 'ulid', 'sources', 'reason', 'code', 'state', 'mode'],
  ...['timeZone', 'type', 'unit', 'sku'],
]);
const hosts = new Set(['node', 'host', 'instance', 'nodes']);
const ids = new Set(['id', 'licenseId']);
const messages = new Set(['message', 'detail', 'url', 'warnings']);

/** A manifest with aliases for what it tells of hosts and ids. */
export function redactManifest(value: unknown, redactor: Redactor, key = ''): unknown {
  if (typeof value === 'string') return redactText(value, redactor, key);
  // Of a list the entries are what its key says.
  if (Array.isArray(value)) return value.map((entry) => redactManifest(entry, redactor, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]: [string, unknown]) => {
      const isLabel = key === 'labels' && typeof member === 'string';
      return [
        name,
        isLabel ? redactor.label(name, member) : redactManifest(member, redactor, name),
      ];
    }),
  );
}

function redactText(text: string, redactor: Redactor, key: string): string {
  if (kept.has(key)) return text;
  if (hosts.has(key)) return redactor.instance(text);
  if (ids.has(key)) return redactor.id(text);
  return messages.has(key) ? redactor.message(text) : redactor.text(text);
}

/** Every host that the manifest names as such, for the texts that mention them. */
export function hostsIn(value: unknown, key = ''): string[] {
  if (typeof value === 'string') {
    if (hosts.has(key)) return [value];
    const url = key === 'url' ? URL.parse(value) : null;
    return url === null ? [] : [url.host];
  }
  if (Array.isArray(value)) return value.flatMap((entry) => hostsIn(entry, key));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => hostsIn(member, name));
}
