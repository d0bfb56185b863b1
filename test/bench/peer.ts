import { mkdir, writeFile } from 'node:fs/promises';
import { freePort, startDaemon, waitForHttp, type Daemon } from '../conformance/processes.ts';

/** A Prometheus that scrapes some ports of this machine every second. */
export async function startPeer(directory: string, ports: readonly number[]): Promise<Daemon> {
  await mkdir(directory, { recursive: true });
  const port = await freePort();
  const targets = ports.map((target) => `'127.0.0.1:${target}'`).join(', ');
  await writeFile(
    `${directory}/prometheus.yml`,
    `global: { scrape_interval: 1s }
scrape_configs:
  - job_name: bench
    static_configs: [{ targets: [${targets}] }]
`,
  );
  const args = [
    `--config.file=${directory}/prometheus.yml`,
    `--storage.tsdb.path=${directory}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const daemon = startDaemon('prometheus', args, `${directory}/prometheus.log`);
  await waitForHttp(`http://127.0.0.1:${port}/-/ready`);
  return daemon;
}
