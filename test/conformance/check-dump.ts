import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { parse } from 'yaml';
import type { Dump } from '../../api/index.ts';
import { run } from '../../build/command.ts';
import { admin, holds, makeDump, same, waitForSamples, type Bed } from './bed.ts';
import {
  blocksIn,
  checkManifestHashes,
  otherUnpackers,
  promtoolAnalyze,
  promtoolDump,
  promtoolList,
  saveBody,
  sha256Of,
  unpackArchive,
} from './dump-archive.ts';
import { parsePacketMetadata } from './go-host.ts';
import { startPrometheus } from './prometheus.ts';

/** Long enough for a rate over 10 s to have points on both sides. */
const collectMs = 12_000;

/** One dump from POST to a Prometheus that answers over it. */
export async function checkDump(bed: Bed): Promise<void> {
  const { checks, directory } = bed;
  const startMs = Date.now();
  await waitForSamples(bed, startMs + collectMs, 2 * collectMs);

  const postedMs = Date.now();
  const dump = await checks.check('a dump of the last ten minutes gets ready', () =>
    makeDump(bed, postedMs - 600_000, postedMs),
  );
  if (dump === undefined) return;
  console.log(
    `# ${String(dump.samples)} samples, ${String(dump.series)} series, ${String(dump.sizeBytes)} bytes, ready after ${Date.now() - postedMs} ms`,
  );
  const archive = `${directory}/dump.tar.gz`;
  const unpacked = `${directory}/dump`;
  await checks.check('it downloads with its length, its hash and its name', () =>
    download(bed, dump, archive),
  );
  await checks.check('a range of it downloads, and HEAD tells its size', () =>
    downloadRange(bed, dump, archive),
  );
  await checks.check('a download that is given up harms nothing', async () => {
    const abort = new AbortController();
    const path = `/api/v1/dumps/${dump.id}/archive`;
    const response = await bed.host.request(path, admin, { signal: abort.signal });
    abort.abort();
    await response.body?.cancel().catch(() => undefined);
    await Promise.all([download(bed, dump, archive), download(bed, dump, `${archive}.second`)]);
  });
  await checks.check('it unpacks to blocks, an empty wal/ and the three files', async () => {
    await unpackArchive(archive, unpacked);
    await checkLayout(unpacked);
  });
  await checks.check('every file has the hash that manifest.json says', async () => {
    holds((await checkManifestHashes(unpacked)) >= 5, 'too few files');
  });
  for (const [name, unpack] of Object.entries(otherUnpackers)) {
    await checks.check(`${name} unpacks the same files`, async () => {
      const other = `${directory}/dump-by-other`;
      await mkdir(other);
      const said = await unpack(archive, other);
      if (said !== '') console.log(`# ${said.trim()}`);
      await run('diff', ['-r', unpacked, other]);
      await rm(other, { recursive: true });
    });
  }
  await checks.check("Mattermost's own parser accepts metadata.yaml", async () => {
    const metadata = await parsePacketMetadata(`${unpacked}/metadata.yaml`);
    same(metadata['Type'], 'plugin-packet', 'type');
  });
  await checkWithPromtool(bed, dump, unpacked, postedMs);
  await checkWithPrometheus(bed, dump, unpacked);
  await checkEvents(bed);
  await checkSupportPacket(bed);
}

async function download({ host }: Bed, dump: Dump, archive: string): Promise<void> {
  const response = await host.request(`/api/v1/dumps/${dump.id}/archive`, admin);
  same(response.status, 200, 'status');
  same(response.headers.get('content-length'), String(dump.sizeBytes), 'Content-Length');
  const disposition = response.headers.get('content-disposition') ?? '';
  holds(disposition.startsWith('attachment'), `Content-Disposition ${disposition}`);
  holds(disposition.includes(dump.fileName), `${disposition} does not name ${dump.fileName}`);
  await saveBody(response, archive);
  same(await sha256Of(archive), dump.sha256, 'sha256');
}

async function downloadRange({ host }: Bed, dump: Dump, archive: string): Promise<void> {
  const path = `/api/v1/dumps/${dump.id}/archive`;
  const head = await host.request(path, admin, { method: 'HEAD' });
  same(head.headers.get('content-length'), String(dump.sizeBytes), 'Content-Length of HEAD');
  const etag = head.headers.get('etag') ?? '';
  holds(etag !== '', 'no ETag');
  const whole = await readFile(archive);
  const headers = { range: 'bytes=1000-', 'if-range': etag };
  const rest = await host.request(path, admin, { headers });
  same(rest.status, 206, 'status');
  same(
    rest.headers.get('content-range'),
    `bytes 1000-${whole.length - 1}/${whole.length}`,
    'Content-Range',
  );
  holds(Buffer.from(await rest.arrayBuffer()).equals(whole.subarray(1000)), 'other bytes');
  const beyond = await host.request(path, admin, {
    headers: { range: `bytes=${whole.length}-` },
  });
  same(beyond.status, 416, 'status of a range behind the end');
  const changed = await host.request(path, admin, {
    headers: { range: 'bytes=1000-', 'if-range': '"other"' },
  });
  same(changed.status, 200, 'status when the archive is another');
  await changed.body?.cancel();
}

async function checkLayout(directory: string): Promise<void> {
  const blocks = await blocksIn(directory);
  holds(blocks.length > 0, 'no block');
  const others = (await readdir(directory)).filter((name) => !blocks.includes(name)).sort();
  const expected = 'README.md docker-compose.yml manifest.json metadata.yaml viewer wal';
  same(others.join(' '), expected, 'beside the blocks');
  same((await readdir(`${directory}/wal`)).length, 0, 'files in wal/');
  for (const block of blocks) {
    for (const file of ['chunks/000001', 'index', 'meta.json']) {
      await stat(`${directory}/${block}/${file}`);
    }
  }
}

async function checkWithPromtool(
  { checks, directory, intervalMs }: Bed,
  dump: Dump,
  unpacked: string,
  postedMs: number,
): Promise<void> {
  const blocks = await blocksIn(unpacked);
  await checks.check('promtool tsdb list names its blocks', async () => {
    same((await promtoolList(unpacked)).length, blocks.length, 'blocks');
  });
  await checks.check('promtool tsdb analyze reads its blocks', async () => {
    for (const block of blocks) {
      const report = await promtoolAnalyze(unpacked, block);
      holds(/^Series: [1-9]/m.test(report), report);
    }
  });
  await checks.check('promtool tsdb dump prints exactly its samples', async () => {
    const samples = await promtoolDump(unpacked, `${directory}/dump.txt`);
    same(samples.length, dump.samples, 'samples');
    const series = new Set(samples.map(({ labels }) => JSON.stringify([...labels])));
    same(series.size, dump.series, 'series');
    const newestMs = samples.reduce((newest, { timeMs }) => Math.max(newest, timeMs), 0);
    same(newestMs, dump.actual?.toMs, 'newest sample');
    console.log(`# newest sample ${postedMs - newestMs} ms before the POST`);
    holds(
      newestMs >= postedMs - intervalMs,
      `the newest sample is ${postedMs - newestMs} ms old at the POST`,
    );
  });
}

/** A Prometheus over the unpacked dump answers as over its own data. */
async function checkWithPrometheus(bed: Bed, dump: Dump, unpacked: string): Promise<void> {
  const { checks, directory } = bed;
  await run('cp', ['-r', unpacked, `${directory}/served`]);
  const reader = await startPrometheus(`${directory}/reader`, `${directory}/served`);
  const timeMs = dump.actual?.toMs ?? 0;
  try {
    await checks.check('a Prometheus over it answers up', async () => {
      const { value, series } = await reader.query('up', timeMs);
      same(value, 1, 'up');
      same(series, 2, 'targets');
    });
    await checks.check('… a rate', async () => {
      const query = 'rate(prometheus_http_requests_total{handler="/metrics"}[10s])';
      const { value } = await reader.query(query, timeMs);
      // Two collectors ask the target once a second: itself and we.
      holds(value > 1 && value < 3, `${value} requests per second`);
    });
    await checks.check('… a histogram_quantile', async () => {
      const query =
        'histogram_quantile(0.9, rate(prometheus_http_request_duration_seconds_bucket{handler="/metrics"}[10s]))';
      const { value } = await reader.query(query, timeMs);
      holds(value > 0 && value < 10, `${value} seconds`);
    });
    await checks.check('… and a metric of the node exporter', async () => {
      const { value } = await reader.query('node_memory_MemTotal_bytes', timeMs);
      holds(value > 2 ** 20, `${value} bytes`);
    });
  } finally {
    await reader.stop();
  }
}

async function checkEvents({ checks, host }: Bed): Promise<void> {
  await checks.check(
    "administrators' browsers are told what has changed, and nothing else",
    async () => {
      const events = (await host.status()).webSocketEvents ?? [];
      for (const { broadcast, name, payload } of events) {
        same(name, `custom_${host.pluginId}_changed`, 'name');
        same(Object.keys(payload ?? {}).join(), 'what', 'payload');
        same(broadcast.contains_sensitive_data, true, 'for administrators alone');
        same(broadcast.user_id, '', 'user');
      }
      const kinds = new Set(events.map(({ payload }) => payload?.['what']));
      same([...kinds].sort().join(), 'dumps,status', 'kinds');
    },
  );
}

async function checkSupportPacket({ checks, directory, host }: Bed): Promise<void> {
  await checks.check(
    "the server's support packet gets a dump that opens, and diagnostics",
    async () => {
      await mkdir(`${directory}/support`, { recursive: true });
      const path = `/support?dir=${encodeURIComponent(`${directory}/support`)}`;
      const { files } = await host.control<{
        files: { filename: string; bytes: number; path: string }[];
      }>('POST', path);
      const archive = files.find(({ filename }) => filename.endsWith('.tar.gz'));
      holds(archive !== undefined, `only ${files.map(({ filename }) => filename).join(', ')}`);
      for (const { filename } of files) {
        holds(filename.startsWith('mattermost-plugin-metrics/'), `${filename} has no prefix`);
      }
      await unpackArchive(archive.path, `${directory}/support/unpacked`);
      const samples = await promtoolDump(
        `${directory}/support/unpacked`,
        `${directory}/support/dump.txt`,
      );
      holds(samples.length > 0, 'it has no sample');
      const told = files.find(({ filename }) => filename === diagnosticsName);
      holds(told !== undefined, 'no diagnostics');
      checkDiagnostics(await readFile(told.path, 'utf8'), archive.bytes);
    },
  );
}

const diagnosticsName = 'mattermost-plugin-metrics/diagnostics.yaml';

/** What somebody who helps sees first, with the eyes of any reader of YAML. */
function checkDiagnostics(text: string, archiveBytes: number): void {
  holds(text.length < 256 * 1024, `the diagnostics have ${text.length} characters`);
  holds(text.startsWith('# What the Metrics plugin '), 'no sentence for people');
  const { dump, node, targets, untold } = parse(text) as Diagnostics;
  same(node.mode, 'both', 'mode');
  same(dump.archive.bytes, archiveBytes, 'bytes of the archive');
  same(dump.archive.stepSeconds, 0, 'step');
  holds(dump.reductions.length === 0, `it was reduced: ${dump.reductions.join(' ')}`);
  same(targets.list.length, targets.total, 'targets');
  holds(untold.length === 0, `untold: ${JSON.stringify(untold)}`);
}

interface Diagnostics {
  dump: { archive: { bytes: number; stepSeconds: number }; reductions: string[] };
  node: { mode: string };
  targets: { total: number; list: unknown[] };
  untold: unknown[];
}
