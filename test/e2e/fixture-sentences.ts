import {
  consolePages,
  english,
  makeProblem,
  namesInTemplate,
  say,
  toldAs,
  type Gap,
  type KnownSentence,
  type Problem,
  type Sentence,
  type SentenceId,
  type SentenceValue,
} from '../../api/index.ts';
import type { FakeApi } from './fake-api.ts';

const HOUR = 3_600_000;

/** Every sentence of the catalogue with made-up values; texts are capital letters, of no language. */
export function everySentence(nowMs: number): Sentence[] {
  const valueOf = (name: string): SentenceValue => {
    if (name.endsWith('Bytes')) return 1_610_612_736;
    if (name.endsWith('Ms')) return 95_000;
    if (name.endsWith('Time')) return nowMs;
    return name.endsWith('Count') ? 1234 : name.toUpperCase();
  };
  return (Object.keys(english) as SentenceId[]).map((id) => {
    const names = namesInTemplate(english[id]);
    return { id, values: Object.fromEntries(names.map((name) => [name, valueOf(name)])) };
  });
}

const plugin = consolePages.plugin;

function failedScrape(code: string, reason: KnownSentence, advice: KnownSentence): Problem {
  const [job, instance] = ['node', 'mattermost-1:9100'];
  const url = `http://${instance}/metrics`;
  const message = say('target.no-data', { instance, job, url, reason });
  return makeProblem({ code, severity: 'error', message, advice, link: plugin });
}

/** A deployment on its worst day, as the server tells it. */
export function worstDay(nowMs: number): Problem[] {
  const performance = consolePages.performanceMonitoring;
  const storage = consolePages.fileStorage;
  const growth = { metric: 'calls_rtp_packets', instance: 'mattermost-1:8067', job: 'calls' };
  const mistake = say('custom.seconds', { option: 'interval', maxCount: 300 });
  return [
    makeProblem({
      code: 'METRICS_DISABLED',
      severity: 'error',
      message: say('metrics.disabled'),
      advice: say('metrics.disabled.advice'),
      link: performance,
    }),
    failedScrape('SCRAPE_TIMEOUT', say('scrape.late', { limitMs: 12_500 }), say('target.slow')),
    makeProblem({
      code: 'SYNC_FAILED',
      severity: 'error',
      message: say('sync.failing', { code: 'STORE_DENIED', blockCount: 14 }),
      advice: say('sync.failing.advice', { reason: say('store.denied') }),
      link: storage,
    }),
    makeProblem({
      code: 'CLUSTER_CLOCK_SKEW',
      severity: 'warning',
      message: say('cluster.clocks', {
        host: 'mattermost-1',
        nodes: [
          say('cluster.clock-ahead', { host: 'mattermost-2', skewMs: 42_000 }),
          say('cluster.clock-behind', { host: 'mattermost-3', skewMs: 7_000 }),
        ],
      }),
      advice: say('cluster.clocks.advice'),
      link: consolePages.highAvailability,
    }),
    makeProblem({
      code: 'SERIES_GROWTH',
      severity: 'warning',
      message: say('growth.metric', { ...growth, limitCount: 10_000, untilTime: nowMs + HOUR }),
      advice: say('growth.advice'),
      link: plugin,
    }),
    makeProblem({
      code: 'SETTING_INVALID',
      severity: 'warning',
      message: say('setting.invalid', {
        name: 'CustomTargets',
        reason: say('setting.line', { line: '3', mistake }),
        used: say('setting.uses-others'),
      }),
      advice: say('setting.advice', { name: 'CustomTargets' }),
      link: plugin,
    }),
    makeProblem({
      code: 'SYNC_DISK_SHORT',
      severity: 'warning',
      message: say('sync.short'),
      advice: say('sync.short.advice'),
      link: plugin,
    }),
  ];
}

/** Gaps with their reasons, newest first. */
function gaps(nowMs: number): Gap[] {
  const target = { job: 'node', instance: 'mattermost-1:9100', missedScrapes: 60 };
  const late = say('scrape.late', { limitMs: 12_500 });
  const moved = say('gap.collector-changed', { before: 'mattermost-2', after: 'mattermost-1' });
  const merged = say('gap.merged', { reason: say('scrape.refused'), gapCount: 3 });
  const told = [
    ['SCRAPE_TIMEOUT', late],
    ['COLLECTOR_CHANGED', moved],
    ['SCRAPE_REFUSED', merged],
  ] as const;
  return told.map(([reason, sentence], i) => {
    const fromMs = nowMs - (3 * i + 1) * HOUR;
    const toMs = i === 0 ? null : fromMs + HOUR / 4;
    return { ...target, reason, fromMs, toMs, ...toldAs(sentence) };
  });
}

/** Puts everything that can be told onto the page: problems, a failed target, gaps, dumps and notes. */
export function tellTheWorst(api: FakeApi, nowMs: number): void {
  const { status, targets } = api;
  Object.assign(status, { state: 'degraded', problems: worstDay(nowMs) });
  status.targets.up = 1;
  status.sync.lastError = { code: 'STORE_DENIED', ...toldAs(say('store.denied')), detail: '403' };
  const [, target] = targets;
  if (target !== undefined) {
    const late = toldAs(say('scrape.late', { limitMs: 12_500 }));
    target.state = 'down';
    target.lastError = { code: 'SCRAPE_TIMEOUT', ...late, detail: '' };
    target.gaps = gaps(nowMs);
  }
  const room = { archiveBytes: 913_408_000, freeBytes: 120_586_240 };
  const { id } = api.addReady({ archive: Buffer.alloc(1), createdAtMs: nowMs - 2 * HOUR });
  const error = toldAs(say('dump.store-room', room));
  api.fail(id, { code: 'DUMP_STORE_FULL', ...error, detail: 'ENOSPC' });
  const ulid = '01JD3Y6Q3ZK8T4V9W5X2M7N1PB';
  const refused = say('note.head-refused', { node: 'mattermost-2', code: 'CLUSTER_TIMEOUT' });
  const notes = [
    say('note.bad-block', { ulid, code: 'TSDB_BAD_BLOCK' }),
    say('note.stale', { reason: refused, newestTime: nowMs - 3 * HOUR }),
  ];
  api.addReady({
    archive: Buffer.alloc(34_812_345),
    createdAtMs: nowMs - HOUR,
    warnings: notes.map((note) => toldAs(note).message),
    warningSentences: notes,
  });
}
