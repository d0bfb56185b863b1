import { mkdir, writeFile } from 'node:fs/promises';
import { freePort, startDaemon, waitForHttp, type Daemon } from './processes.ts';

/** A running Prometheus on loopback. */
export interface Prometheus {
  port: number;
  /** Value of the first series that `query` gives at `timeMs`, and how many series it gave. */
  query(query: string, timeMs: number): Promise<{ value: number; series: number }>;
  /** How many series `query` gives at `timeMs`; throws when Prometheus refuses it. */
  count(query: string, timeMs: number): Promise<number>;
  stop(): Promise<void>;
}

interface QueryAnswer {
  status: string;
  error?: string;
  data: { result: { metric: Record<string, string>; value: [number, string] }[] };
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
  const ask = async (query: string, timeMs: number) => {
    const parameters = new URLSearchParams({ query, time: String(timeMs / 1000) });
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?${parameters.toString()}`);
    const answer = (await response.json()) as QueryAnswer;
    if (answer.status !== 'success') throw new Error(`${query}: ${String(answer.error)}`);
    return answer.data.result;
  };
  return {
    port,
    stop: () => daemon.stop(),
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
