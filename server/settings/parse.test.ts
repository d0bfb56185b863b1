import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { inEnglish } from '../../api/index.ts';
import {
  changedSettings,
  declarations,
  parseSettings,
  refuseChange,
  type RawSettings,
} from './index.ts';

const defaults = parseSettings({}).settings;

describe('parseSettings', () => {
  test('gives the documented defaults for nothing, and for null', () => {
    expect(defaults).toEqual({
      dbPath: 'mattermost-plugin-metrics/data',
      scrapeIntervalMs: 15_000,
      scrapeTimeoutMs: 10_000,
      retentionMs: 15 * 86_400_000,
      localSizeLimitBytes: 0,
      enableNodeExporterTargets: true,
      nodeExporterPort: 9100,
      supportPacketMs: 86_400_000,
      syncPeriodMs: 3_600_000,
      cleanupPeriodMs: 7_200_000,
      bodySizeLimitBytes: 33_554_432,
      sampleLimit: 0,
      labelLimit: 64,
      labelNameLengthLimit: 512,
      labelValueLengthLimit: 4096,
      metricGrowthLimit: 50_000,
      dropRules: [],
      dumpRetentionMs: 7 * 24 * 60 * 60 * 1000,
      customTargets: [],
      targetSecrets: new Map(),
      targetCertificates: new Map(),
      honorLabels: true,
      honorTimestamps: true,
    });
    const nulls = Object.fromEntries(declarations.map(({ key }) => [key, null]));
    expect(parseSettings(nulls)).toEqual({ settings: defaults, problems: [] });
  });

  test('matches keys in any case and reads numbers that were stored as text', () => {
    const { settings, problems } = parseSettings({ scrapeintervalseconds: '30', DBPATH: ' /x ' });
    expect([settings.scrapeIntervalMs, settings.dbPath, problems]).toEqual([30_000, '/x', []]);
  });

  test('reads a switch that was stored as text, and a field that was cleared as its default', () => {
    const raw = { HonorLabels: 'false', HonorTimestamps: 'true', RetentionDurationDays: '' };
    const { settings, problems } = parseSettings(raw);
    const { honorLabels, honorTimestamps, retentionMs } = settings;
    expect([honorLabels, honorTimestamps]).toEqual([false, true]);
    expect([retentionMs, problems]).toEqual([defaults.retentionMs, []]);
  });

  function replaces(raw: Record<string, unknown>, expected: Partial<typeof defaults>): void {
    const { settings, problems } = parseSettings(raw);
    expect(settings).toMatchObject(expected);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toMatch(/used\.$/);
  }

  test('replaces what cannot be used by the nearest that can, with a sentence', () => {
    replaces({ ScrapeIntervalSeconds: 0, ScrapeTimeoutSeconds: null }, { scrapeIntervalMs: 1000 });
    replaces({ ScrapeIntervalSeconds: 301 }, { scrapeIntervalMs: 300_000 });
    replaces({ RetentionDurationDays: 0 }, { retentionMs: 86_400_000 });
    replaces({ RetentionDurationDays: -5 }, { retentionMs: 86_400_000 });
    replaces({ FileStoreSyncPeriodMinutes: 1.5 }, { syncPeriodMs: 3_600_000 });
    replaces({ NodeExporterPort: 65_536 }, { nodeExporterPort: 65_535 });
    replaces({ HonorLabels: 'maybe' }, { honorLabels: true });
    replaces({ DBPath: 'a\0b' }, { dbPath: defaults.dbPath });
    replaces({ DBPath: 7 }, { dbPath: defaults.dbPath });
    replaces({ LabelLimit: 129 }, { labelLimit: 128 });
    replaces({ DropRules: 'a{' }, { dropRules: [] });
    replaces({ DropRules: 7 }, { dropRules: [] });
  });

  test('cuts a timeout below the interval and says so only when it was set', () => {
    const silent = parseSettings({ ScrapeIntervalSeconds: 5 });
    expect([silent.settings.scrapeTimeoutMs, silent.problems]).toEqual([4500, []]);
    const merged = parseSettings({ ScrapeIntervalSeconds: 5, ScrapeTimeoutSeconds: 10 });
    expect([merged.settings.scrapeTimeoutMs, merged.problems]).toEqual([4500, []]);
    const shortest = parseSettings({ ScrapeIntervalSeconds: 1, ScrapeTimeoutSeconds: 1 });
    expect([shortest.settings.scrapeTimeoutMs, shortest.problems]).toEqual([900, []]);
    const loud = parseSettings({ ScrapeIntervalSeconds: 5, ScrapeTimeoutSeconds: 5 });
    expect(loud.settings.scrapeTimeoutMs).toBe(4500);
    expect(loud.problems.map(({ code }) => code)).toEqual(['SETTING_TIMEOUT_OVER_INTERVAL']);
  });

  test('gives usable settings for any stored value', () => {
    const keys = declarations.map(({ key }) => key);
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys), fc.jsonValue()), (raw) => {
        const { settings } = parseSettings(raw);
        expect(settings.scrapeTimeoutMs).toBeLessThan(settings.scrapeIntervalMs);
        expect(settings.retentionMs).toBeGreaterThanOrEqual(86_400_000);
        expect(settings.syncPeriodMs).toBeGreaterThanOrEqual(60_000);
        expect(settings.dbPath).not.toBe('');
      }),
    );
  });
});

/** What whoever saves is told in English. */
function refusalOf(previous: RawSettings, next: RawSettings): string | undefined {
  const refusal = refuseChange(previous, next);
  return refusal && inEnglish(refusal);
}

describe('refuseChange', () => {
  test('refuses an invalid value of ours that this save changed, and nothing else', () => {
    expect(refusalOf({}, { ScrapeIntervalSeconds: 0 })).toBe(
      'ScrapeIntervalSeconds: must be from 1 to 300.',
    );
    expect(refusalOf({ scrapeintervalseconds: 0 }, { ScrapeIntervalSeconds: 0 })).toBeUndefined();
    expect(refusalOf({}, { ScrapeIntervalSeconds: 20 })).toBeUndefined();
    expect(refusalOf({}, { DropRules: 'go_*\nx{' })).toMatch(/line 2 \(DROP_RULE_LABEL/);
    expect(refusalOf({}, { SomebodyElses: 'thing' })).toBeUndefined();
    expect(refusalOf({ DBPath: 'x' }, { DBPath: null })).toBeUndefined();
  });

  test('refuses secrets that cannot be read, without a word of them, and no mask', () => {
    const mask = { CustomTargetSecrets: '*'.repeat(32) };
    const broken = { CustomTargetSecrets: 'db bearer good\ndb2 token TOPSECRET' };
    expect(refusalOf({}, mask)).toBeUndefined();
    expect(refusalOf(broken, mask)).toBeUndefined();
    expect(refusalOf({}, broken)).toMatch(/^CustomTargetSecrets: has a mistake in line 2/);
    expect(refusalOf({}, broken)).not.toMatch(/TOPSECRET|used/);
  });

  test('refuses a timeout that does not fit the interval, but not an interval that cuts it', () => {
    const asked = { ScrapeIntervalSeconds: 20, ScrapeTimeoutSeconds: 19 };
    expect(refusalOf({}, asked)).toBe(
      'ScrapeTimeoutSeconds: must be at most nine tenths of ScrapeIntervalSeconds: 18.',
    );
    expect(refusalOf({}, { ...asked, ScrapeTimeoutSeconds: 18 })).toBeUndefined();
    expect(refusalOf({}, { ...asked, ScrapeIntervalSeconds: 1 })).toMatch(/: 1\.$/);
    const before = { scrapeintervalseconds: 60, scrapetimeoutseconds: 19 };
    expect(refusalOf(before, asked)).toBeUndefined();
    // The default is cut in silence: the console stores it with every save.
    expect(refusalOf({}, { ScrapeIntervalSeconds: 5, ScrapeTimeoutSeconds: 10 })).toBeUndefined();
  });
});

test('changedSettings takes an absent setting for its default, as the server leaves defaults out', () => {
  const inForce = Object.fromEntries(declarations.map(({ key, ...rest }) => [key, rest.default]));
  expect(changedSettings(inForce, {})).toEqual([]);
  expect(changedSettings(inForce, { scrapeintervalseconds: 20 })).toEqual([
    'ScrapeIntervalSeconds',
  ]);
  expect(changedSettings({}, { ScrapeIntervalSeconds: 15 })).toEqual([]);
});

test('changedSettings takes the mask of a secret for no change', () => {
  const secret = { customtargetsecrets: 'own bearer abc' };
  const mask = '*'.repeat(32);
  expect(changedSettings(secret, { CustomTargetSecrets: mask })).toEqual([]);
  expect(changedSettings(secret, { CustomTargetSecrets: '' })).toEqual(['CustomTargetSecrets']);
  expect(changedSettings({ dbpath: 'x' }, { dbpath: mask })).toEqual(['DBPath']);
});
