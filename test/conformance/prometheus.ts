import { mkdir, writeFile } from 'node:fs/promises';
import { parseGoFloat } from './dump-archive.ts';
import { keyOf, type SeriesModel } from './series-model.ts';
import { freePort, startDaemon, waitForHttp, type Daemon } from './processes.ts';

/** A running Prometheus on loopback. */
export interface Prometheus {
  port: number;
  /** Value of the first series that `query` gives at `timeMs`, and how many series it gave. */
  query(query: string, timeMs: number): Promise<{ value: number; series: number }>;
  /** How many series `query` gives at `timeMs`; throws when Prometheus refuses it. */
  count(query: string, timeMs: number): Promise<number>;
  /** Samples of all series that fit, from `fromMs` on and before `toMs`, without staleness markers. */
  samples(query: string, fromMs: number, toMs: number): Promise<SeriesModel>;
  /** Data of a GET below its API. */
  api<Data>(path: string): Promise<Data>;
  /** A POST below the API that changes what it has. */
  admin(path: string): Promise<void>;
  stop(): Promise<void>;
}

interface QueryAnswer {
  result: { metric: Record<string, string>; value: [number, string] }[];
}

interface RangeAnswer {
  result: { metric: Record<string, string>; values: [number, string][] }[];
}

/**
 * Starts Debian's Prometheus. Without `dataPath` it is a target that collects from itself, so that
 * its own figures move; with it, it serves what lies there and collects nothing.
 */
export async function startPrometheus(directory: string, dataPath?: string): Promise<Prometheus> {
  await mkdir(directory, { recursive: true });
  const port = await freePort();
  const config = `${directory}/prometheus.yml`;
  const selfScrape = `
scrape_configs:
  - job_name: self
    static_configs: [{ targets: ['127.0.0.1:${port}'] }]
`;
  await writeFile(
    config,
    `global: { scrape_interval: 1s }\n${dataPath === undefined ? selfScrape : ''}`,
  );
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${dataPath ?? `${directory}/data`}`,
    '--storage.tsdb.retention.time=10y',
    '--web.enable-admin-api',
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  return start(port, args, `${directory}/prometheus.log`);
}

/**
 * Starts Debian's Prometheus with the command line of a dump's compose file, its paths replaced by
 * those of the unpacked dump.
 */
export async function startViewerPrometheus(
  unpacked: string,
  logDirectory: string,
  command: readonly string[],
): Promise<Prometheus> {
  const port = await freePort();
  const args = command.map((argument) =>
    argument
      .replace('/etc/prometheus/', `${unpacked}/viewer/`)
      .replace('tsdb.path=/prometheus', `tsdb.path=${unpacked}`),
  );
  args.push(`--web.listen-address=127.0.0.1:${port}`);
  return start(port, args, `${logDirectory}/viewer-prometheus.log`);
}

async function start(port: number, args: string[], log: string): Promise<Prometheus> {
  const daemon = startDaemon('prometheus', args, log);
  await waitForHttp(`http://127.0.0.1:${port}/-/ready`);
  const api = async <Data>(path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    const answer = (await response.json()) as { status: string; error?: string; data: Data };
    if (answer.status !== 'success') throw new Error(`${path}: ${String(answer.error)}`);
    return answer.data;
  };
  const ask = async (query: string, timeMs: number) => {
    const parameters = new URLSearchParams({ query, time: String(timeMs / 1000) });
    return (await api<QueryAnswer>(`query?${parameters.toString()}`)).result;
  };
  return {
    port,
    stop: () => daemon.stop(),
    api,
    async samples(query, fromMs, toMs) {
      // A range reaches from behind its begin to its end, included; times are in milliseconds.
      const time = String((toMs - 1) / 1000);
      const parameters = new URLSearchParams({ query: `${query}[${toMs - fromMs}ms]`, time });
      const { result } = await api<RangeAnswer>(`query?${parameters.toString()}`);
      return new Map(
        result.map(({ metric, values }) => {
          const samples = values.map(([at, value]): [number, number] => {
            return [Math.round(at * 1000), parseGoFloat(value)];
          });
          return [keyOf(Object.entries(metric)), new Map(samples)];
        }),
      );
    },
    async admin(path) {
      const address = `http://127.0.0.1:${port}/api/v1/admin/tsdb/${path}`;
      const response = await fetch(address, { method: 'POST' });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    },
    count: async (query, timeMs) => (await ask(query, timeMs)).length,
    async query(query, timeMs) {
      const series = await ask(query, timeMs);
      const [first] = series;
      if (first === undefined) throw new Error(`${query}: no series`);
      return { value: Number(first.value[1]), series: series.length };
    },
  };
}

/** Starts Debian's node exporter on loopback. */
export async function startNodeExporter(
  directory: string,
): Promise<{ port: number; daemon: Daemon }> {
  await mkdir(directory, { recursive: true });
  const port = await freePort();
  const args = [`--web.listen-address=127.0.0.1:${port}`];
  const daemon = startDaemon(
    'prometheus-node-exporter',
    args,
    `${directory}/prometheus-node-exporter.log`,
  );
  await waitForHttp(`http://127.0.0.1:${port}/metrics`);
  return { port, daemon };
}
