import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { silentLogger, systemClock, systemRng } from '../../lib/runtime/index.ts';
import { inlineThread, Store } from '../../lib/tsdb/index.ts';
import { Collector, GapLedger, ledgerFile, ScrapeClient } from '../../server/collect/index.ts';
import { parseSettings } from '../../server/settings/index.ts';
import { holds, type Bed } from './bed.ts';
import { eventually } from './checks.ts';
import { untilCalm } from './crowding.ts';
import { promtoolDump, type PrintedSample } from './dump-archive.ts';
import { freePort, startDaemon, waitForHttp } from './processes.ts';
import { restartStep, StepExporter, stepCount, type StepFormat } from './step-exporter.ts';

/** Of the first try and of those that follow where a collector was too slow for it. */
const intervalsMs = [500, 2000, 4000];

/** What is compared: a format, and whether labels and times of the target are honoured. */
interface Variant {
  name: string;
  format: StepFormat;
  isHonoured: boolean;
}

const variants: readonly Variant[] = [
  { name: 'text', format: 'text', isHonoured: true },
  { name: 'openmetrics', format: 'openmetrics', isHonoured: false },
];

/** A collector under comparison, running. */
interface Running {
  stop(): Promise<void>;
}

/**
 * Scrapes the same steps (churn, failures, a restart in the middle) with a Prometheus and with our
 * collector and store, and compares what promtool prints of both data directories: in text format
 * with labels and times of the target honoured, and at the same time in OpenMetrics without.
 */
export async function checkDifferential({ checks, directory }: Pick<Bed, 'checks' | 'directory'>) {
  const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
  const printed = await checks.check(
    'Prometheus and we scrape the same steps in both formats, restarted in the middle',
    () => scrapedInTime(seed, directory),
  );
  for (const [name, { expected, found }] of Object.entries(printed ?? {})) {
    await checks.check(`promtool prints the same samples of both, stale ones too: ${name}`, () => {
      const equal = compare(byScrape(expected), byScrape(found));
      console.log(`# seed ${seed}: ${equal} samples of ${stepCount} scrapes are equal`);
    });
  }
}

/** What promtool prints of both stores, by variant. */
type Printed = Record<string, { expected: PrintedSample[]; found: PrintedSample[] }>;

/** A collector that gave an answer up because the machine was busy has other samples: then it is tried again, slower. */
async function scrapedInTime(seed: number, parent: string): Promise<Printed> {
  for (const [attempt, intervalMs] of intervalsMs.entries()) {
    const directory = `${parent}/differential-${attempt}`;
    const scraping = variants.map((variant) => scrapeBoth(variant, seed, directory, intervalMs));
    const disturbances = (await Promise.all(scraping)).reduce((sum, count) => sum + count, 0);
    const printed: Printed = {};
    for (const { name } of variants) {
      printed[name] = {
        expected: await promtoolDump(`${theirs(directory, name)}/data`, `${directory}/${name}.txt`),
        found: await promtoolDump(ours(directory, name), `${directory}/${name}-ours.txt`),
      };
    }
    const late = Object.values(printed).flatMap(({ expected, found }) => {
      const [theirDowns, ourDowns] = [downs(expected), downs(found)];
      return [...theirDowns, ...ourDowns].filter((at) => !theirDowns.has(at) || !ourDowns.has(at));
    });
    if (late.length + disturbances === 0) return printed;
    const { told } = await untilCalm();
    console.log(
      `# every ${intervalMs} ms is too often: scrapes ${late.join(', ')} failed on one side, ${disturbances} came during the restart; ${told}`,
    );
  }
  throw new Error(`also every ${String(intervalsMs.at(-1))} ms is too often`);
}

/** Which scrapes failed, by their order. */
function downs(samples: readonly PrintedSample[]): Set<number> {
  const ups = samples
    .filter(({ labels }) => labels.get('__name__') === 'up')
    .sort((a, b) => a.timeMs - b.timeMs)
    .slice(0, stepCount);
  return new Set(ups.flatMap(({ value }, at) => (value === 0 ? [at] : [])));
}

const theirs = (directory: string, name: string) => `${directory}/${name}-prometheus`;
const ours = (directory: string, name: string) => `${directory}/${name}-ours`;

/** Resolves to how many scrapes came while their collector was restarted, which is not compared. */
async function scrapeBoth(
  variant: Variant,
  seed: number,
  directory: string,
  intervalMs: number,
): Promise<number> {
  const { name, format } = variant;
  const exporter = new StepExporter(seed, Date.now() - 600_000, format);
  const port = await exporter.start();
  try {
    await Promise.all([
      scrapeSteps('Prometheus', exporter, intervalMs, () =>
        startTheirs(theirs(directory, name), port, variant, intervalMs),
      ),
      scrapeSteps('mattermost', exporter, intervalMs, () =>
        startOurs(ours(directory, name), port, variant, intervalMs),
      ),
    ]);
    return exporter.disturbances;
  } finally {
    await exporter.stop();
  }
}

async function scrapeSteps(
  name: string,
  exporter: StepExporter,
  intervalMs: number,
  start: () => Promise<Running>,
): Promise<void> {
  const first = await start();
  const patienceMs = 4 * stepCount * intervalMs;
  await eventually(`${name} reaches the restart`, patienceMs, served(exporter, name, restartStep));
  // Enough to store what was served, and far below the interval.
  await wait(0.4 * intervalMs);
  await first.stop();
  exporter.reopen(name);
  const second = await start();
  // When the step behind the last one is asked for, the last one is stored.
  await eventually(`${name} reaches the end`, patienceMs, served(exporter, name, stepCount + 1));
  await second.stop();
}

function served(exporter: StepExporter, name: string, steps: number) {
  return () => Promise.resolve(exporter.served(name) >= steps ? true : undefined);
}

async function startTheirs(
  directory: string,
  target: number,
  { isHonoured }: Variant,
  intervalMs: number,
): Promise<Running> {
  await mkdir(directory, { recursive: true });
  const port = await freePort();
  await writeFile(
    `${directory}/prometheus.yml`,
    `global: { scrape_interval: ${intervalMs}ms, scrape_timeout: ${intervalMs}ms }
scrape_configs:
  - job_name: bench
    honor_labels: ${isHonoured}
    honor_timestamps: ${isHonoured}
    static_configs: [{ targets: ['127.0.0.1:${target}'] }]
`,
  );
  const args = [
    `--config.file=${directory}/prometheus.yml`,
    `--storage.tsdb.path=${directory}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const daemon = startDaemon('prometheus', args, `${directory}/prometheus-${port}.log`);
  await waitForHttp(`http://127.0.0.1:${port}/-/ready`);
  return daemon;
}

async function startOurs(
  directory: string,
  target: number,
  { isHonoured }: Variant,
  intervalMs: number,
): Promise<Running> {
  const clock = systemClock;
  const store = await Store.open({
    dir: directory,
    clock,
    rng: systemRng,
    thread: inlineThread(),
  });
  const ledger = await GapLedger.open({ file: ledgerFile(directory), clock });
  const fetcher = new ScrapeClient({ clock, version: 'differential' });
  const collector = new Collector({ clock, logger: silentLogger, store, ledger, fetcher });
  const host = '127.0.0.1';
  const instance = `${host}:${target}`;
  collector.start(
    {
      targets: [
        { job: 'bench', instance, host, port: target, path: '/metrics', isOptional: false },
      ],
      problems: [],
    },
    {
      ...parseSettings({}).settings,
      scrapeIntervalMs: intervalMs,
      scrapeTimeoutMs: intervalMs,
      honorLabels: isHonoured,
      honorTimestamps: isHonoured,
    },
  );
  return {
    async stop() {
      await collector.stop();
      fetcher.close();
      await Promise.all([ledger.close(), store.close()]);
    },
  };
}

/** Series text → number of the scrape, or a sample's own time → value. */
type Scrapes = Map<string, Map<string, string>>;

/** Scrapes of the two sides took place at different times: only their order can be compared. */
function byScrape(samples: readonly PrintedSample[]): Scrapes {
  const isUp = ({ labels }: PrintedSample) => labels.get('__name__') === 'up';
  const times = samples.filter(isUp).map(({ timeMs }) => timeMs);
  times.sort((a, b) => a - b);
  const ordinals = new Map(times.map((timeMs, at) => [timeMs, at]));
  const scrapes: Scrapes = new Map();
  for (const { labels, value, timeMs } of samples) {
    const name = labels.get('__name__') ?? '';
    const ordinal = ordinals.get(timeMs);
    // How long it took is the one thing that is not the same; the steps end before the scrapes do.
    if (name === 'scrape_duration_seconds' || (ordinal ?? 0) >= stepCount) continue;
    const key = JSON.stringify([...labels].sort(([a], [b]) => (a < b ? -1 : 1)));
    const series = scrapes.get(key) ?? new Map<string, string>();
    const at = ordinal === undefined ? `time ${timeMs}` : `scrape ${ordinal}`;
    series.set(at, Object.is(value, -0) ? '-0' : String(value));
    scrapes.set(key, series);
  }
  return scrapes;
}

/** Throws with the first differences; returns how many samples are equal. */
function compare(expected: Scrapes, found: Scrapes): number {
  const differences: string[] = [];
  let equal = 0;
  for (const key of new Set([...expected.keys(), ...found.keys()])) {
    const theirs = expected.get(key) ?? new Map<string, string>();
    const ours = found.get(key) ?? new Map<string, string>();
    for (const at of new Set([...theirs.keys(), ...ours.keys()])) {
      if (theirs.get(at) === ours.get(at)) equal++;
      else {
        const [a, b] = [theirs, ours].map((side) => side.get(at) ?? 'nothing');
        differences.push(`${key} at ${at}: Prometheus ${String(a)}, ours ${String(b)}`);
      }
    }
  }
  holds(
    differences.length === 0,
    `${differences.length} differ:\n${differences.slice(0, 20).join('\n')}`,
  );
  holds(equal > 10_000, `only ${equal} samples were compared`);
  return equal;
}
