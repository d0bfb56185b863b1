import { isDeepStrictEqual } from 'node:util';
import { consolePages, type Problem } from '../../api/index.ts';
import {
  declarations,
  timeoutDeclaration,
  type Declaration,
  type NumberDeclaration,
  type LinesDeclaration,
  type TextDeclaration,
} from './declarations.ts';
import { parseTargetCertificates } from './custom-target-certificates.ts';
import { parseTargetSecrets } from './custom-target-secrets.ts';
import { parseCustomTargets } from './custom-targets.ts';
import { parseDropRules } from './drop-rules.ts';
import type { LineError, SettingLines } from './setting-lines.ts';
import type { Settings } from './settings.ts';

/** Part of an interval that a timeout may use at most, so that a slow target never misses a tick. */
const timeoutShare = 0.9;

const timeoutCode = 'SETTING_TIMEOUT_OVER_INTERVAL';

/** Where an administrator finds the settings. */
const settingsLink = consolePages.plugin;

/** Settings as stored by the server: any JSON, keys in any case. */
export type RawSettings = Readonly<Record<string, unknown>>;

/** Complaints about the lines of one setting that are told one by one. */
const maxComplaints = 10;

/** One value after parsing: what is used, and a sentence when that is not what was asked for. */
interface Parsed<Value> {
  value: Value;
  complaint?: string;
  /** About further lines of a setting that has several. */
  furtherComplaints?: readonly string[];
}

/**
 * Turns stored settings into {@link Settings}. Absent and null values are the default; what cannot
 * be used is replaced by the nearest usable value and reported as a problem, never refused: the
 * plugin always runs.
 */
export function parseSettings(raw: RawSettings): { settings: Settings; problems: Problem[] } {
  const values = byLowerCaseKey(raw);
  const problems: Problem[] = [];
  const settings = {} as Record<keyof Settings, unknown>;
  for (const declaration of declarations) {
    const parsed = parseOne(declaration, values.get(declaration.key.toLowerCase()));
    settings[declaration.target] = parsed.value;
    const { complaint, furtherComplaints = [] } = parsed;
    const complaints = complaint === undefined ? [] : [complaint, ...furtherComplaints];
    problems.push(...complaints.map((text) => settingProblem(declaration, text)));
  }
  const result = settings as unknown as Settings;
  const complaint = clampTimeout(result);
  if (complaint !== undefined) problems.push(complaint);
  return { settings: result, problems };
}

/**
 * Reason to refuse a save of the server's configuration, or undefined. Refusing aborts every
 * change of the whole server's configuration, so only a value of ours that is invalid and was
 * changed by this very save is refused.
 */
export function refuseChange(previous: RawSettings, next: RawSettings): string | undefined {
  const before = byLowerCaseKey(previous);
  const after = byLowerCaseKey(next);
  for (const declaration of declarations) {
    const key = declaration.key.toLowerCase();
    const value = after.get(key);
    if (isSame(before.get(key), value)) continue;
    // A save from a page that shows secrets masked may bring the mask: that is no reason to refuse.
    if (secretKeys.includes(key) && isMask(value)) continue;
    const { complaint } = parseOne(declaration, value);
    // A refused value is not replaced by another one.
    if (complaint !== undefined) {
      return `${declaration.key}: ${complaint.replace(/; [^;]* (?:is|are) used\.$/, '.')}`;
    }
  }
  return refuseTimeout(before, after);
}

/** A timeout that does not fit its interval is cut, unless this very save asks for it. */
function refuseTimeout(
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
): string | undefined {
  const key = timeoutDeclaration.key.toLowerCase();
  if (isSame(before.get(key), after.get(key))) return undefined;
  const { settings, problems } = parseSettings(Object.fromEntries(after));
  if (!problems.some(({ code }) => code === timeoutCode)) return undefined;
  const { min, scale } = timeoutDeclaration;
  const most = String(Math.max(min, Math.floor(settings.scrapeTimeoutMs / scale)));
  return `${timeoutDeclaration.key}: must be at most nine tenths of ScrapeIntervalSeconds: ${most}.`;
}

/**
 * Which settings are not the same in both, by their declared names where they have one. One that is
 * absent has its default: the server fills defaults in where it tells what is in force, and not
 * where it asks about a save. There a secret that was not touched is a mask.
 */
export function changedSettings(previous: RawSettings, next: RawSettings): string[] {
  const before = withDefaults(previous);
  const after = withDefaults(next);
  for (const key of secretKeys) if (isMask(after.get(key))) after.set(key, before.get(key));
  const names = new Map(declarations.map(({ key }) => [key.toLowerCase(), key]));
  const keys = new Set([...before.keys(), ...after.keys()]);
  const changed = [...keys].filter(
    (key) => !isDeepStrictEqual(before.get(key) ?? null, after.get(key) ?? null),
  );
  return changed.map((key) => names.get(key) ?? key).sort();
}

/** Keys reach us as the manifest names them or in lower case, depending on how they were stored. */
function byLowerCaseKey(raw: RawSettings): Map<string, unknown> {
  return new Map(Object.entries(raw).map(([key, value]) => [key.toLowerCase(), value]));
}

const secretKeys = declarations
  .filter((declaration) => declaration.kind === 'longtext' && declaration.isSecret === true)
  .map(({ key }) => key.toLowerCase());

/** What the server shows in place of a secret, and takes back as no change. */
function isMask(value: unknown): boolean {
  return typeof value === 'string' && /^\*+$/.test(value);
}

function withDefaults(raw: RawSettings): Map<string, unknown> {
  const values = byLowerCaseKey(raw);
  for (const declaration of declarations) {
    const key = declaration.key.toLowerCase();
    values.set(key, values.get(key) ?? declaration.default);
  }
  return values;
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || (a ?? null) === (b ?? null);
}

function parseOne(declaration: Declaration, value: unknown): Parsed<unknown> {
  switch (declaration.kind) {
    case 'bool':
      return parseBoolean(value, declaration.default);
    case 'number':
      return parseNumber(declaration, value);
    case 'text':
      return parseText(declaration, value);
    case 'longtext':
      return parseLines(declaration, value);
  }
}

function parseBoolean(value: unknown, fallback: boolean): Parsed<boolean> {
  if (value === undefined || value === null) return { value: fallback };
  if (typeof value === 'boolean') return { value };
  if (value === 'true' || value === 'false') return { value: value === 'true' };
  return { value: fallback, complaint: 'must be true or false; the default is used.' };
}

function parseNumber(declaration: NumberDeclaration, value: unknown): Parsed<number> {
  const { min, max, scale, unit } = declaration;
  if (value === undefined || value === null || value === '') {
    return { value: declaration.default * scale };
  }
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number)) {
    const complaint = `must be a whole number from ${String(min)} to ${String(max)}; the default is used.`;
    return { value: declaration.default * scale, complaint };
  }
  const clamped = Math.min(max, Math.max(min, number));
  if (clamped === number) return { value: number * scale };
  const used = `${String(clamped)}${unit === '' ? '' : ` ${unit}`}`;
  return {
    value: clamped * scale,
    complaint: `must be from ${String(min)} to ${String(max)}; ${used} is used.`,
  };
}

function parseText(declaration: TextDeclaration, value: unknown): Parsed<string> {
  if (value === undefined || value === null) return { value: declaration.default };
  if (typeof value !== 'string' || value.includes('\0') || value.length > declaration.maxLength) {
    return { value: declaration.default, complaint: 'must be a path; the default is used.' };
  }
  const trimmed = value.trim();
  return { value: trimmed === '' ? declaration.default : trimmed };
}

function parseLines(declaration: LinesDeclaration, value: unknown): Parsed<unknown> {
  if (typeof value !== 'string' && value !== undefined && value !== null) {
    const { value: none } = linesOf(declaration, '');
    return { value: none, complaint: 'must be text, one entry per line; none is used.' };
  }
  const { value: lines, errors } = linesOf(declaration, value ?? declaration.default);
  const [complaint, ...furtherComplaints] = complaintsOf(errors);
  return complaint === undefined
    ? { value: lines }
    : { value: lines, complaint, furtherComplaints };
}

function linesOf({ target }: LinesDeclaration, text: string): SettingLines<unknown> {
  switch (target) {
    case 'dropRules': {
      const { rules, errors } = parseDropRules(text);
      return {
        value: rules,
        errors: errors.map(({ line, code, message }) => ({ line, message: `${code}: ${message}` })),
      };
    }
    case 'customTargets':
      return parseCustomTargets(text);
    case 'targetSecrets':
      return parseTargetSecrets(text);
    case 'targetCertificates':
      return parseTargetCertificates(text);
  }
}

function complaintsOf(errors: readonly LineError[]): string[] {
  const complaints = errors.slice(0, maxComplaints).map(({ line, message }) => {
    return `has a mistake in line ${String(line)} (${message}); only the other lines are used.`;
  });
  const more = errors.length - complaints.length;
  if (more > 0) complaints.push(`has mistakes in ${String(more)} more lines, which are not used.`);
  return complaints;
}

/**
 * Cuts the timeout below the interval. That is worth a word only when somebody chose it: the server
 * merges the default into what it stores, and with an interval of one second no timeout fits.
 */
function clampTimeout(settings: Settings): Problem | undefined {
  const configuredMs = settings.scrapeTimeoutMs;
  const limitMs = Math.floor(settings.scrapeIntervalMs * timeoutShare);
  if (configuredMs <= limitMs) return undefined;
  settings.scrapeTimeoutMs = limitMs;
  const { default: standard, min, scale } = timeoutDeclaration;
  if (configuredMs === standard * scale || configuredMs === min * scale) return undefined;
  return {
    code: timeoutCode,
    severity: 'warning',
    message: `The collection timeout is longer than nine tenths of the interval; ${String(limitMs / 1000)} seconds are used.`,
    advice: 'Set ScrapeTimeoutSeconds below ScrapeIntervalSeconds.',
    link: settingsLink,
  };
}

function settingProblem(declaration: Declaration, complaint: string): Problem {
  return {
    code: 'SETTING_INVALID',
    severity: 'warning',
    message: `The setting ${declaration.key} ${complaint}`,
    advice: `Correct ${declaration.key} on the plugin's page and save.`,
    link: settingsLink,
  };
}
