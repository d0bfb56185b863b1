import { say } from '../../api/index.ts';
import { cleanHost, isForbiddenAddress } from './host-name.ts';
import { type SettingLines, readLines, readName, refuseLine } from './setting-lines.ts';

/** A target that an administrator added. */
export interface CustomTarget {
  /** Line of the setting, for messages. */
  line: number;
  job: string;
  instance: string;
  scheme: 'http' | 'https';
  host: string;
  port: number;
  /** Begins with a slash; may have a query. */
  path: string;
  /** Undefined: as all targets. */
  intervalMs: number | undefined;
  timeoutMs: number | undefined;
  labels: Readonly<Record<string, string>>;
  /** Name of a secret and of certificates in the settings beside this one. */
  secret: string | undefined;
  ca: string | undefined;
}

/** Longest text of all targets, and how many there may be. */
const maxTargetsChars = 32 * 1024;
const maxCustomTargets = 100;
const maxExtraLabels = 16;
const maxLabelValueChars = 256;
const maxPathChars = 2048;

const maxIntervalSeconds = 300;
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * Reads custom targets, one per line: a URL, then options in any order:
 *
 *     https://db1.example:9187/metrics job=postgres interval=30 timeout=5 secret=db ca=own label.role=primary
 *
 * Values with blanks stand in double quotes. Lines that are no target are left out and reported.
 */
export function parseCustomTargets(text: string): SettingLines<CustomTarget[]> {
  const value: CustomTarget[] = [];
  if (text.length > maxTargetsChars) {
    const mistake = say('custom.too-long', { limitCount: maxTargetsChars });
    return { value, errors: [{ line: 1, mistake }] };
  }
  const seen = new Set<string>();
  const errors = readLines(text, (line, number) => {
    const target = readTarget(line, number);
    const key = `${target.job} ${target.instance}`;
    if (seen.has(key)) refuseLine(say('custom.twice'));
    if (value.length === maxCustomTargets) {
      refuseLine(say('custom.too-many', { limitCount: maxCustomTargets }));
    }
    seen.add(key);
    value.push(target);
  });
  return { value, errors };
}

function readTarget(text: string, line: number): CustomTarget {
  const [urlText = '', ...rest] = text.split(/\s+/);
  const address = readUrl(urlText);
  const options = readOptions(rest.join(' '));
  const labels: Record<string, string> = {};
  for (const [name, value] of options) {
    if (!name.startsWith('label.')) continue;
    labels[readLabelName(name.slice('label.'.length))] = value;
    options.delete(name);
  }
  if (Object.keys(labels).length > maxExtraLabels) {
    refuseLine(say('custom.too-many-labels', { limitCount: maxExtraLabels }));
  }
  const take = (name: string) => {
    const value = options.get(name);
    options.delete(name);
    return value;
  };
  const named = (name: string | undefined) => (name === undefined ? undefined : readName(name));
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  const target: CustomTarget = {
    ...{ line, ...address, labels },
    job: take('job') ?? 'custom',
    instance: take('instance') ?? `${host}:${String(address.port)}`,
    intervalMs: readSeconds('interval', take('interval')),
    timeoutMs: readSeconds('timeout', take('timeout')),
    secret: named(take('secret')),
    ca: named(take('ca')),
  };
  if (options.size > 0) {
    refuseLine(say('custom.unknown-option'));
  }
  checkAgreement(target);
  return target;
}

function checkAgreement({ job, instance, scheme, ca, intervalMs, timeoutMs }: CustomTarget): void {
  if (job === '' || instance === '') refuseLine(say('custom.empty-names'));
  if (ca !== undefined && scheme === 'http') refuseLine(say('custom.ca-needs-https'));
  if (intervalMs !== undefined && timeoutMs !== undefined && timeoutMs >= intervalMs) {
    refuseLine(say('custom.timeout'));
  }
}

function readUrl(text: string): Pick<CustomTarget, 'scheme' | 'host' | 'port' | 'path'> {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return refuseLine(say('custom.no-url'));
  }
  if (url.username !== '' || url.password !== '') {
    refuseLine(say('custom.credentials'));
  }
  const isPlain = url.protocol === 'http:';
  const port = url.port === '' ? (isPlain ? 80 : 443) : Number(url.port);
  if (port === 0) refuseLine(say('port.range'));
  const path = url.pathname === '/' && url.search === '' ? '/metrics' : url.pathname + url.search;
  if (path.length > maxPathChars) refuseLine(say('custom.long-path'));
  return { scheme: isPlain ? 'http' : 'https', host: readHost(url.hostname), port, path };
}

function readHost(text: string): string {
  const clean = cleanHost(text);
  if (clean.kind === 'problem') return refuseLine(say('custom.host', { reason: clean.reason }));
  if (isForbiddenAddress(clean.host)) {
    refuseLine(say('host.forbidden'));
  }
  return clean.host;
}

/** `name=value` and `name="value with blanks"`, each name once. */
function readOptions(text: string): Map<string, string> {
  const options = new Map<string, string>();
  const pattern = /([A-Za-z][A-Za-z0-9_.]*)=(?:"([^"]*)"|([^\s"]*))(?=\s|$)\s*/y;
  while (pattern.lastIndex < text.length) {
    const found = pattern.exec(text);
    if (found === null) return refuseLine(say('custom.options'));
    const [, name = '', quoted, plain = ''] = found;
    const value = quoted ?? plain;
    if (options.has(name)) refuseLine(say('custom.option-twice'));
    if (value.length > maxLabelValueChars) refuseLine(say('custom.long-value'));
    options.set(name, value);
  }
  return options;
}

function readLabelName(name: string): string {
  if (!labelName.test(name) || name.startsWith('__') || name.length > 64) {
    refuseLine(say('custom.label'));
  }
  if (name === 'job' || name === 'instance') refuseLine(say('custom.reserved-label'));
  return name;
}

function readSeconds(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0;
  if (seconds >= 1 && seconds <= maxIntervalSeconds) return seconds * 1000;
  return refuseLine(say('custom.seconds', { option: name, maxCount: maxIntervalSeconds }));
}
