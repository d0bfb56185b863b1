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
    const message = `the targets are longer than ${String(maxTargetsChars)} characters`;
    return { value, errors: [{ line: 1, message }] };
  }
  const seen = new Set<string>();
  const errors = readLines(text, (line, number) => {
    const target = readTarget(line, number);
    const key = `${target.job} ${target.instance}`;
    if (seen.has(key)) refuseLine('another line has the same job and instance');
    if (value.length === maxCustomTargets) {
      refuseLine(`only ${String(maxCustomTargets)} targets are possible`);
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
    refuseLine(`only ${String(maxExtraLabels)} labels are possible`);
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
    refuseLine('there are options beside job, instance, interval, timeout, secret, ca and label.*');
  }
  checkAgreement(target);
  return target;
}

function checkAgreement({ job, instance, scheme, ca, intervalMs, timeoutMs }: CustomTarget): void {
  if (job === '' || instance === '') refuseLine('job and instance must not be empty');
  if (ca !== undefined && scheme === 'http') refuseLine('ca means nothing without https');
  if (intervalMs !== undefined && timeoutMs !== undefined && timeoutMs >= intervalMs) {
    refuseLine('the timeout must be shorter than the interval');
  }
}

function readUrl(text: string): Pick<CustomTarget, 'scheme' | 'host' | 'port' | 'path'> {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return refuseLine('it must begin with a URL of http:// or https://');
  }
  if (url.username !== '' || url.password !== '') {
    refuseLine('credentials belong into CustomTargetSecrets, not into the URL');
  }
  const isPlain = url.protocol === 'http:';
  const port = url.port === '' ? (isPlain ? 80 : 443) : Number(url.port);
  if (port === 0) refuseLine('the port must be from 1 to 65535');
  const path = url.pathname === '/' && url.search === '' ? '/metrics' : url.pathname + url.search;
  if (path.length > maxPathChars) refuseLine('the path is too long');
  return { scheme: isPlain ? 'http' : 'https', host: readHost(url.hostname), port, path };
}

function readHost(text: string): string {
  const clean = cleanHost(text);
  if (clean.kind === 'problem') return refuseLine(`the host cannot be used, ${clean.reason}`);
  if (isForbiddenAddress(clean.host)) {
    refuseLine('nothing is collected from link-local and metadata addresses');
  }
  return clean.host;
}

/** `name=value` and `name="value with blanks"`, each name once. */
function readOptions(text: string): Map<string, string> {
  const options = new Map<string, string>();
  const pattern = /([A-Za-z][A-Za-z0-9_.]*)=(?:"([^"]*)"|([^\s"]*))(?=\s|$)\s*/y;
  while (pattern.lastIndex < text.length) {
    const found = pattern.exec(text);
    if (found === null) return refuseLine('options are written name=value or name="value"');
    const [, name = '', quoted, plain = ''] = found;
    const value = quoted ?? plain;
    if (options.has(name)) refuseLine('an option is given twice');
    if (value.length > maxLabelValueChars) refuseLine('a value is too long');
    options.set(name, value);
  }
  return options;
}

function readLabelName(name: string): string {
  if (!labelName.test(name) || name.startsWith('__') || name.length > 64) {
    refuseLine('a label is no name that Prometheus takes');
  }
  if (name === 'job' || name === 'instance') refuseLine('job and instance are options, not labels');
  return name;
}

function readSeconds(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0;
  if (seconds >= 1 && seconds <= maxIntervalSeconds) return seconds * 1000;
  return refuseLine(
    `the ${name} must be a whole number of seconds from 1 to ${String(maxIntervalSeconds)}`,
  );
}
