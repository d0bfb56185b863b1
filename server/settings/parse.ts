import { isDeepStrictEqual } from 'node:util';
import {
  consolePages,
  makeProblem,
  say,
  type KnownSentence,
  type Problem,
} from '../../api/index.ts';
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

/** What is wrong with a value, and what is used in its place. */
interface Complaint {
  reason: KnownSentence;
  used: KnownSentence;
}

/** One value after parsing: what is used, and a complaint when that is not what was asked for. */
interface Parsed<Value> {
  value: Value;
  complaint?: Complaint;
  /** About further lines of a setting that has several. */
  furtherComplaints?: readonly Complaint[];
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
    problems.push(...complaints.map((one) => settingProblem(declaration, one)));
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
export function refuseChange(previous: RawSettings, next: RawSettings): KnownSentence | undefined {
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
    if (complaint !== undefined) return refused(declaration.key, complaint.reason);
  }
  return refuseTimeout(before, after);
}

/** A timeout that does not fit its interval is cut, unless this very save asks for it. */
function refuseTimeout(
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
): KnownSentence | undefined {
  const key = timeoutDeclaration.key.toLowerCase();
  if (isSame(before.get(key), after.get(key))) return undefined;
  const { settings, problems } = parseSettings(Object.fromEntries(after));
  if (!problems.some(({ code }) => code === timeoutCode)) return undefined;
  const { min, scale } = timeoutDeclaration;
  const max = String(Math.max(min, Math.floor(settings.scrapeTimeoutMs / scale)));
  return refused(timeoutDeclaration.key, say('setting.over-interval', { max }));
}

function refused(name: string, reason: KnownSentence): KnownSentence {
  return say('setting.refused', { name, reason });
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
  const complaint = { reason: say('setting.not-bool'), used: say('setting.uses-default') };
  return { value: fallback, complaint };
}

function parseNumber(declaration: NumberDeclaration, value: unknown): Parsed<number> {
  const { min, max, scale, unit } = declaration;
  if (value === undefined || value === null || value === '') {
    return { value: declaration.default * scale };
  }
  const bounds = { min: String(min), max: String(max) };
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number)) {
    const reason = say('setting.not-whole', bounds);
    const complaint = { reason, used: say('setting.uses-default') };
    return { value: declaration.default * scale, complaint };
  }
  const clamped = Math.min(max, Math.max(min, number));
  if (clamped === number) return { value: number * scale };
  const text = `${String(clamped)}${unit === '' ? '' : ` ${unit}`}`;
  const used = say('setting.uses-value', { value: text });
  return { value: clamped * scale, complaint: { reason: say('setting.range', bounds), used } };
}

function parseText(declaration: TextDeclaration, value: unknown): Parsed<string> {
  if (value === undefined || value === null) return { value: declaration.default };
  if (typeof value !== 'string' || value.includes('\0') || value.length > declaration.maxLength) {
    const complaint = { reason: say('setting.not-path'), used: say('setting.uses-default') };
    return { value: declaration.default, complaint };
  }
  const trimmed = value.trim();
  return { value: trimmed === '' ? declaration.default : trimmed };
}

function parseLines(declaration: LinesDeclaration, value: unknown): Parsed<unknown> {
  if (typeof value !== 'string' && value !== undefined && value !== null) {
    const { value: none } = linesOf(declaration, '');
    const complaint = { reason: say('setting.not-text'), used: say('setting.uses-none') };
    return { value: none, complaint };
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
        errors: errors.map(({ line, code, mistake: reason }) => ({
          line,
          mistake: say('drop.coded', { code, reason }),
        })),
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

function complaintsOf(errors: readonly LineError[]): Complaint[] {
  const complaints = errors.slice(0, maxComplaints).map(({ line, mistake }) => ({
    reason: say('setting.line', { line: String(line), mistake }),
    used: say('setting.uses-others'),
  }));
  const lineCount = errors.length - complaints.length;
  if (lineCount > 0) {
    const reason = say('setting.more-lines', { lineCount });
    complaints.push({ reason, used: say('setting.not-used') });
  }
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
  return makeProblem({
    code: timeoutCode,
    severity: 'warning',
    message: say('setting.timeout', { usedMs: limitMs }),
    advice: say('setting.timeout.advice'),
    link: settingsLink,
  });
}

function settingProblem({ key: name }: Declaration, { reason, used }: Complaint): Problem {
  return makeProblem({
    code: 'SETTING_INVALID',
    severity: 'warning',
    message: say('setting.invalid', { name, reason, used }),
    advice: say('setting.advice', { name }),
    link: settingsLink,
  });
}
