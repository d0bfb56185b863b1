import { cp, glob, mkdir, readFile, stat } from 'node:fs/promises';
import type { Dump, DumpAliases, DumpRequest } from '../../api/index.ts';
import { openBlock } from '../../lib/tsdb/index.ts';
import { admin, ask, dumpReady, holds, orderDump, same, saveTargets, type Bed } from './bed.ts';
import { eventually } from './checks.ts';
import { blocksIn, promtoolDump, saveBody, unpackArchive } from './dump-archive.ts';
import { PrivateExporter } from './private-exporter.ts';
import { startPrometheus, type Prometheus } from './prometheus.ts';
import {
  compareAnswer,
  compareSeries,
  keyOf,
  labelsOf,
  seriesOf,
  type SeriesModel,
} from './series-model.ts';
import { naivelyThinned } from './naive-thinning.ts';

const scrapes = 7;
const stepSeconds = 5;
const everything = '{__name__=~".+"}';

/** A dump of the private range, unpacked. */
interface Unpacked {
  directory: string;
  blocks: string[];
  /** As promtool prints it. */
  series: SeriesModel;
}

/** A Prometheus that merges the overlapping blocks of two redacted dumps, a minute after its start. */
export interface Merging {
  prometheus: Prometheus;
  directory: string;
  blocks: number;
  expected: SeriesModel;
}

/**
 * Makes dumps with aliases of a range that names hosts and people. What promtool prints of them, and what
 * a Prometheus over them answers, is what the plain dump has with the names put back; Prometheus rewrites
 * their blocks, in which chunks do not lie in the order of the series, and merges them.
 */
export async function checkRedacted(bed: Bed): Promise<Merging | undefined> {
  const { checks, directory } = bed;
  const at = (name: string) => `${directory}/redacted/${name}`;
  const exporter = new PrivateExporter(Number(process.env['SEED'] ?? Date.now() % 2 ** 31));
  const range = await checks.check('an exporter that names hosts and people is collected', () =>
    collectFrom(bed, exporter),
  );
  await exporter.stop();
  if (range === undefined) return undefined;
  const aliased: DumpRequest = { ...range, redaction: 'hosts-and-ids' };
  const plain = await fetchDump(bed, range, at('plain'));
  const redacted = await fetchDump(bed, aliased, at('hidden'));
  const aliases = await aliasesOf(bed, redacted.dump);
  const hidden = redacted.unpacked;
  await checks.check('with the names put back it has the series and samples of the plain one', () =>
    compareRedacted(hidden, plain.unpacked, aliases),
  );
  await checks.check('no name, id, address or mail is in any byte of it', () =>
    findNothing(hidden.directory, exporter.secrets),
  );
  const filter = { metrics: ['private_*', 'up', 'node_cpu_*', 'process_*'], stepSeconds };
  const thin = (await fetchDump(bed, { ...aliased, ...filter }, at('thin'))).unpacked;
  await checks.check('filtered and thinned it has what the rules of thinning keep', () =>
    compareThinned(thin, plain.unpacked, aliases),
  );
  await checks.check('a Prometheus answers with every series and sample of both', async () => {
    await withPrometheus(bed, thin, (prometheus) => answersAll(prometheus, thin, range));
    await withPrometheus(bed, hidden, (prometheus) => answersAll(prometheus, hidden, range));
  });
  await checks.check(
    'a Prometheus rewrites a block of it, without the series that are deleted',
    () =>
      withPrometheus(bed, hidden, (prometheus, copy) => rewrites(prometheus, copy, hidden, range)),
  );
  const later = { ...aliased, from: Math.round((range.from + range.to) / 2), to: Date.now() };
  const second = await fetchDump(bed, later, at('later'));
  return startMerging(bed, [hidden, second.unpacked]);
}

/** Times in ms since 1970. */
interface Range {
  from: number;
  to: number;
}

/** Collects some scrapes; returns the range, which lies in the past. */
async function collectFrom(bed: Bed, exporter: PrivateExporter): Promise<Range> {
  const from = Date.now();
  const url = `http://127.0.0.1:${await exporter.start()}/metrics`;
  await saveTargets(bed, `${url} job=private`);
  await eventually(`${scrapes} scrapes`, 15_000, () =>
    Promise.resolve(exporter.scrapes >= scrapes ? true : undefined),
  );
  await saveTargets(bed, '');
  const to = Date.now();
  await eventually('a sample behind the range', 15_000, async () => {
    const { newestSampleMs } = await ask<{ newestSampleMs: number }>(bed, '/status');
    return newestSampleMs > to ? true : undefined;
  });
  return { from, to };
}

/** Orders a dump, waits for it and unpacks it into `directory`. */
async function fetchDump(
  bed: Bed,
  order: DumpRequest,
  directory: string,
): Promise<{ dump: Dump; unpacked: Unpacked }> {
  const { id } = await orderDump(bed, order);
  const dump = await dumpReady(bed, id);
  const archive = `${directory}.tar.gz`;
  await mkdir(directory, { recursive: true });
  await saveBody(await bed.host.request(`/api/v1/dumps/${id}/archive`, admin), archive);
  await unpackArchive(archive, directory);
  const samples = await promtoolDump(directory, `${directory}.txt`);
  same(samples.length, dump.samples, 'samples');
  const blocks = await blocksIn(directory);
  return { dump, unpacked: { directory, blocks, series: seriesOf(samples) } };
}

/** Puts names back where aliases stand. */
type NameOf = (value: string) => string;

async function aliasesOf(bed: Bed, { id }: Dump): Promise<NameOf> {
  const { aliases } = await ask<DumpAliases>(bed, `/dumps/${id}/aliases`);
  return (value) =>
    value.replaceAll(/host-[0-9a-f]{16}|[0-9a-f]{26}/g, (found) => aliases[found] ?? found);
}

function compareRedacted(hidden: Unpacked, plain: Unpacked, nameOf: NameOf): void {
  const equal = compareSeries(renamed(hidden.series, nameOf), plain.series);
  const changed = [...hidden.series.keys()].filter((key) => !plain.series.has(key)).length;
  console.log(
    `# ${equal} samples of ${hidden.series.size} series, ${changed} of them with aliases; ${unordered(hidden)} lie in another order than their chunks`,
  );
  holds(changed > 250, `only ${changed} series have aliases`);
}

function renamed(series: SeriesModel, nameOf: NameOf): SeriesModel {
  const named = new Map(
    [...series].map(([key, values]) => {
      const labels = [...labelsOf(key)].map(([name, value]): [string, string] => {
        return [name, nameOf(value)];
      });
      return [keyOf(labels), values];
    }),
  );
  same(named.size, series.size, 'series with the names put back');
  return named;
}

/** How many series have chunks before those of the series that stands before them in the index. */
function unordered({ directory, blocks }: Unpacked): number {
  let count = 0;
  for (const block of blocks) {
    const reader = openBlock(`${directory}/${block}`);
    let last = 0n;
    for (const { chunks } of reader.series()) {
      const ref = BigInt(chunks[0]?.ref ?? 0);
      if (ref < last) count++;
      last = ref;
    }
    reader.close();
  }
  return count;
}

/** Looks through every file, and its name. */
async function findNothing(directory: string, secrets: readonly string[]): Promise<void> {
  let bytes = 0;
  for await (const path of glob('**', { cwd: directory })) {
    if (!(await stat(`${directory}/${path}`)).isFile()) continue;
    const content = await readFile(`${directory}/${path}`);
    bytes += content.length;
    for (const secret of secrets) {
      holds(!content.includes(secret), `${secret} stands in ${path}`);
      holds(!path.includes(secret), `${secret} is in the name of ${path}`);
    }
  }
  console.log(`# ${secrets.length} names are in none of ${bytes} bytes`);
}

function isCounter(name: string): boolean {
  return name === 'private_calls' || /_(?:total|bucket|sum|count)$/.test(name);
}

async function compareThinned(thin: Unpacked, plain: Unpacked, nameOf: NameOf): Promise<void> {
  const ranges = await Promise.all(
    thin.blocks.map(async (block) => {
      const meta = await readFile(`${thin.directory}/${block}/meta.json`, 'utf8');
      const { minTime, maxTime } = JSON.parse(meta) as { minTime: number; maxTime: number };
      return { minTime, maxTime };
    }),
  );
  const expected: SeriesModel = new Map();
  let whole = 0;
  for (const [key, values] of plain.series) {
    const name = labelsOf(key).get('__name__') ?? '';
    if (!/^(?:private_|process_|node_cpu_|up$)/.test(name)) continue;
    whole += values.size;
    const kept = ranges.flatMap(({ minTime, maxTime }) => {
      const own = [...values].filter(([timeMs]) => timeMs >= minTime && timeMs < maxTime);
      return [...naivelyThinned(new Map(own), stepSeconds * 1000, isCounter(name))];
    });
    expected.set(key, new Map(kept));
  }
  const equal = compareSeries(renamed(thin.series, nameOf), expected);
  console.log(`# ${equal} of ${whole} samples stay`);
  holds(equal < 0.75 * whole, 'it is hardly thinned');
}

/** A Prometheus over a copy; what it logs above "info" is a failure. */
async function withPrometheus(
  { directory }: Bed,
  dump: Unpacked,
  run: (prometheus: Prometheus, copy: string) => Promise<void>,
): Promise<void> {
  const copy = `${dump.directory}-served`;
  await cp(dump.directory, copy, { recursive: true, force: true });
  const prometheus = await startPrometheus(`${directory}/redacted`, copy);
  try {
    await run(prometheus, copy);
  } finally {
    await prometheus.stop();
  }
  await findNoComplaint(`${directory}/redacted/prometheus.log`);
}

/** Of its end, and of blocks that lie over each other because they are to be merged. */
const expectedWarnings = /Received (?:SIGTERM|an OS signal)|Overlapping blocks found/;

async function findNoComplaint(log: string): Promise<void> {
  const lines = (await readFile(log, 'utf8')).split('\n');
  const loud = lines.filter((line) => /level=(?:warn|error)/i.test(line));
  const unexpected = loud.filter((line) => !expectedWarnings.test(line));
  same(unexpected.slice(0, 3).join('\n'), '', 'what Prometheus complains of');
}

async function answersAll(
  prometheus: Prometheus,
  { series }: Unpacked,
  { from, to }: Range,
): Promise<void> {
  const equal = compareAnswer(await prometheus.samples(everything, from, to), series);
  holds(equal > 500, `only ${equal} samples`);
  const names = new Map<string, Set<string>>();
  for (const key of series.keys()) {
    for (const [name, value] of labelsOf(key)) {
      names.set(name, (names.get(name) ?? new Set()).add(value));
    }
  }
  const between = `start=${from / 1000}&end=${to / 1000}`;
  const told = await prometheus.api<string[]>(`labels?${between}`);
  same(told.sort().join(), [...names.keys()].sort().join(), 'names of labels');
  for (const [name, values] of names) {
    const known = await prometheus.api<string[]>(`label/${name}/values?${between}`);
    same(known.sort().join('\n'), [...values].sort().join('\n'), `values of ${name}`);
  }
  await answersMatchers(prometheus, series, { from, to });
}

/** What the index finds by an alias, by its absence and by an expression. */
async function answersMatchers(
  prometheus: Prometheus,
  expected: SeriesModel,
  { from, to }: Range,
): Promise<void> {
  const hosts = [...expected.keys()].map((key) => labelsOf(key).get('db_host') ?? '');
  const host = hosts.find((name) => name !== '') ?? '';
  holds(/^host-[0-9a-f]{16}$/.test(host), `${host} is no alias`);
  const queries: [query: string, fits: (labels: Map<string, string>) => boolean][] = [
    [`{db_host="${host}"}`, (labels) => labels.get('db_host') === host],
    ['{db_host=~"host-[0-7].*"}', (labels) => /^host-[0-7]/.test(labels.get('db_host') ?? '')],
    [
      `{__name__=~"private_.+",db_host!="${host}"}`,
      (labels) => /^private_/.test(labels.get('__name__') ?? '') && labels.get('db_host') !== host,
    ],
  ];
  for (const [query, fits] of queries) {
    const part = new Map([...expected].filter(([key]) => fits(labelsOf(key))));
    holds(part.size > 0, `${query} fits nothing`);
    compareAnswer(await prometheus.samples(query, from, to), part);
  }
}

/** Deletes some series and lets Prometheus write the blocks anew without them. */
async function rewrites(
  prometheus: Prometheus,
  copy: string,
  { series, blocks }: Unpacked,
  { from, to }: Range,
): Promise<void> {
  const gone = 'private_level';
  const matching = new URLSearchParams({ 'match[]': gone });
  await prometheus.admin(`delete_series?${matching.toString()}`);
  await prometheus.admin('clean_tombstones');
  const written = await blocksIn(copy);
  same(written.filter((block) => blocks.includes(block)).join(), '', 'blocks as they were');
  same(written.length, blocks.length, 'blocks');
  const kept = new Map([...series].filter(([key]) => labelsOf(key).get('__name__') !== gone));
  holds(kept.size < series.size, 'nothing was deleted');
  compareAnswer(await prometheus.samples(everything, from, to), kept);
}

async function startMerging(bed: Bed, dumps: readonly Unpacked[]): Promise<Merging> {
  const directory = `${bed.directory}/redacted/merged`;
  await mkdir(`${directory}/wal`, { recursive: true });
  const expected: SeriesModel = new Map();
  let blocks = 0;
  for (const dump of dumps) {
    for (const block of dump.blocks) {
      await cp(`${dump.directory}/${block}`, `${directory}/${block}`, { recursive: true });
      blocks++;
    }
    for (const [key, values] of dump.series) {
      expected.set(key, new Map([...(expected.get(key) ?? []), ...values]));
    }
  }
  const prometheus = await startPrometheus(`${bed.directory}/redacted/merging`, directory);
  return { prometheus, directory, blocks, expected };
}

/** What {@link checkRedacted} has started, when enough time has gone by. */
export async function checkMerged({ checks, directory }: Bed, merging: Merging): Promise<void> {
  const { prometheus, expected } = merging;
  await checks.check('a Prometheus has merged the overlapping blocks of two dumps', async () => {
    try {
      await eventually('one block', 180_000, async () => {
        const overlapping = (await blocksIn(merging.directory)).length;
        return overlapping < merging.blocks ? true : undefined;
      });
    } finally {
      await prometheus.stop();
    }
    await findNoComplaint(`${directory}/redacted/merging/prometheus.log`);
    const samples = await promtoolDump(merging.directory, `${directory}/redacted/merged.txt`);
    const equal = compareSeries(seriesOf(samples), expected);
    console.log(
      `# ${equal} samples of ${expected.size} series in ${(await blocksIn(merging.directory)).length} block(s)`,
    );
  });
}
