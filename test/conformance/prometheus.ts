import { mkdir, writeFile } from 'node:fs/promises';
import { freePort, startDaemon, waitForHttp, type Daemon } from './processes.ts';

/** A running Prometheus on loopback. */
export interface Prometheus {
  port: number;
  /** Value of the first series that `query` gives at `timeMs`, and how many series it gave. */
  query(query: string, timeMs: number): Promise<{ value: number; series: number }>;
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
  const daemon = startDaemon('prometheus', args, `${directory}/prometheus.log`);
  await waitForHttp(`http://127.0.0.1:${port}/-/ready`);
  return {
    port,
    stop: () => daemon.stop(),
    async query(query, timeMs) {
      const parameters = new URLSearchParams({ query, time: String(timeMs / 1000) });
      const response = await fetch(
        `http://127.0.0.1:${port}/api/v1/query?${parameters.toString()}`,
      );
      const answer = (await response.json()) as QueryAnswer;
      if (answer.status !== 'success') throw new Error(`${query}: ${String(answer.error)}`);
      const [first] = answer.data.result;
      if (first === undefined) throw new Error(`${query}: no series`);
      return { value: Number(first.value[1]), series: answer.data.result.length };
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
