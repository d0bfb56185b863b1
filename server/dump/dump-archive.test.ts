import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openBlock, decodeChunk, SampleColumns } from '../../lib/tsdb/index.ts';
import { printTombstones } from '../../lib/tsdb/block/index.ts';
import { sha256Of } from '../share/block-fixture.ts';
import { archiveKey, isJobId } from '../share/index.ts';
import { DumpRig, hasProgram, hourMs, hours, startMs } from './dump-fixture.ts';

let rig: DumpRig;

beforeEach(async () => {
  rig = await DumpRig.create();
  await rig.service.start();
});

afterEach(async () => {
  await rig.end();
});

/** Times of all samples of all series in a block. */
function timesOf(dir: string): number[] {
  const reader = openBlock(dir);
  const times: number[] = [];
  for (const series of reader.series()) {
    for (const meta of series.chunks) {
      const columns = new SampleColumns();
      const chunk = reader.chunk(meta);
      decodeChunk(chunk.data, columns);
      times.push(...columns.times.subarray(0, columns.count));
    }
  }
  reader.close();
  return times;
}

describe('a dump', () => {
  test('holds remote blocks, local blocks and the head, trimmed to the range', async () => {
    await rig.makeRemote(await rig.addBlock(8, 6));
    await rig.makeRemote(await rig.addBlock(6, 4));
    await rig.addBlock(4, 2);
    rig.local.head = { mint: startMs - 2 * hourMs, maxt: startMs - 5_000 };
    const dump = await rig.service.create(hours(5, 0), 'admin');
    expect(isJobId(dump.id)).toBe(true);
    const ready = await rig.finished(dump.id);
    expect(ready.error).toBeNull();
    const { dir, manifest, names } = await rig.unpack(dump.id);
    expect(manifest.blocks).toHaveLength(3);
    const ulids = manifest.blocks.map(({ ulid }) => ulid);
    expect(names).toEqual([
      ...ulids
        .toReversed()
        .flatMap((ulid) =>
          ['chunks/000001', 'index', 'tombstones', 'meta.json'].map((path) => `${ulid}/${path}`),
        ),
      'wal/',
      'metadata.yaml',
      'README.md',
      'docker-compose.yml',
      'viewer/prometheus.yml',
      'viewer/grafana/provisioning/datasources/prometheus.yml',
      'viewer/grafana/provisioning/dashboards/boards.yml',
      'viewer/grafana/boards/mattermost-performance.json',
      'viewer/grafana/boards/mattermost-hosts.json',
      'viewer/grafana/boards/mattermost-calls.json',
      'viewer/grafana/boards/metrics-collection.json',
      'manifest.json',
    ]);
    const times = ulids.flatMap((ulid) => timesOf(join(dir, ulid)));
    const wanted = 3 * ((5 * hourMs) / 15_000);
    expect(times).toHaveLength(wanted);
    expect(Math.min(...times)).toBe(startMs - 5 * hourMs);
    expect(Math.max(...times)).toBe(startMs - 15_000);
    expect(ready).toMatchObject({
      state: 'ready',
      samples: wanted,
      series: 3,
      actual: { fromMs: startMs - 5 * hourMs, toMs: startMs - 15_000 },
      progress: { percent: 100, phase: 'done' },
      fileName: 'mattermost-metrics_chat.example.com_20261120T070000Z_20261120T120000Z.tar.gz',
      warnings: [],
    });
  });

  test('lists every file with its hash, the ranges, the gaps and where it comes from', async () => {
    const block = await rig.addBlock(3, 1);
    const { id } = await rig.service.create(hours(2, 0), 'admin');
    const ready = await rig.finished(id);
    const { dir, manifest, names } = await rig.unpack(id);
    const files = names.filter((name) => name !== 'manifest.json' && !name.endsWith('/'));
    expect(manifest.files.map(({ path }) => path)).toEqual(files);
    for (const { path, sha256, sizeBytes } of manifest.files) {
      const bytes = await readFile(join(dir, path));
      expect([sha256Of(bytes), bytes.length]).toEqual([sha256, sizeBytes]);
    }
    expect(manifest).toMatchObject({
      metadata: { go_threads: [{ type: 'gauge', help: 'Threads.', unit: '' }] },
      format: 'mattermost-metrics-dump',
      formatVersion: 1,
      createdAtMs: startMs,
      jobId: id,
      node: 'node-a',
      versions: { plugin: '0.8.0', server: '11.9.0' },
      server: { id: 'abcdefghijklmnopqrstuvwxyz', licenseId: '' },
      range: {
        requested: hours(2, 0),
        actual: { fromMs: startMs - 2 * hourMs, toMs: startMs - hourMs - 15_000 },
      },
      samples: 720,
      series: 3,
      gaps: [{ reason: 'SCRAPE_REFUSED', missedScrapes: 4 }],
      blocks: [{ sources: [block.ulid], samples: 720, series: 3 }],
    });
    const archive = await readFile(join(rig.root, 'files', archiveKey(id)));
    expect([sha256Of(archive), archive.length]).toEqual([ready.sha256, ready.sizeBytes]);
    expect(await readFile(join(dir, 'metadata.yaml'), 'utf8')).toMatchInlineSnapshot(`
     "version: 1
     type: plugin-packet
     generated_at: 1795176000000
     server_version: "11.9.0"
     server_id: "abcdefghijklmnopqrstuvwxyz"
     license_id: ""
     customer_id: ""
     extras:
       plugin_id: "com.mattermost.mattermost-plugin-metrics"
       plugin_version: "0.8.0"
       min: 1795168800000
       max: 1795176000000
       actual_min: 1795168800000
       actual_max: 1795172385000
     "
    `);
  });

  test('holds no sample beside its range, also of a block that lies in it but for that one', async () => {
    await rig.addBlock(4, 2);
    const [firstMs, lastMs] = [startMs - 4 * hourMs, startMs - 2 * hourMs - 15_000];
    const all = 2 * 240;
    for (const [fromMs, toMs, perSeries] of [
      [firstMs, lastMs + 1, all],
      [firstMs, lastMs, all - 1],
      [firstMs + 1, lastMs + 1, all - 1],
      [firstMs + 1, lastMs, all - 2],
    ] as const) {
      const { id } = await rig.service.create({ fromMs, toMs }, 'admin');
      const { actual, samples } = await rig.finished(id);
      const { dir, manifest } = await rig.unpack(id);
      const times = manifest.blocks.flatMap(({ ulid }) => timesOf(join(dir, ulid)));
      expect([times.length, samples]).toEqual([3 * perSeries, 3 * perSeries]);
      expect(times.filter((timeMs) => timeMs < fromMs || timeMs >= toMs)).toEqual([]);
      expect(actual).toEqual({ fromMs: Math.min(...times), toMs: Math.max(...times) });
    }
  });

  test('holds nothing of a block that was deleted in it, also when all of the block is asked for', async () => {
    const { dir: blockDir } = await rig.addBlock(4, 2);
    const reader = openBlock(blockDir);
    const refs = [...reader.index.allPostings()];
    reader.close();
    const cut = { mint: startMs - 3 * hourMs, maxt: startMs - 2 * hourMs };
    await writeFile(join(blockDir, 'tombstones'), printTombstones(new Map([[refs[0]!, [cut]]])));
    const { id } = await rig.service.create(hours(4, 2), 'admin');
    await rig.finished(id);
    const { dir, manifest } = await rig.unpack(id);
    const times = manifest.blocks.flatMap(({ ulid }) => timesOf(join(dir, ulid)));
    expect(times).toHaveLength(240 + 2 * 480);
  });

  test('is named by its range, up to when it was made', async () => {
    await rig.addBlock(4, 2);
    const { id } = await rig.service.create(hours(3, -5), 'admin');
    const name = 'mattermost-metrics_chat.example.com_20261120T090000Z_20261120T120000Z.tar.gz';
    expect((await rig.finished(id)).fileName).toBe(name);
  });

  test('merges blocks that overlap and holds each sample once', async () => {
    await rig.addBlock(4, 2);
    await rig.addBlock(3, 1);
    const { id } = await rig.service.create(hours(4, 0), 'admin');
    const ready = await rig.finished(id);
    const { manifest } = await rig.unpack(id);
    expect(manifest.blocks).toHaveLength(1);
    expect(ready.samples).toBe(3 * 3 * 240);
  });

  test('has blocks of the first level alone, merged and copied ones: Thanos uploads no others', async () => {
    const { dir: compacted } = await rig.addBlock(6, 4);
    const description = JSON.parse(await readFile(join(compacted, 'meta.json'), 'utf8')) as {
      compaction: { level: number };
    };
    description.compaction.level = 3;
    await writeFile(join(compacted, 'meta.json'), JSON.stringify(description));
    await rig.addBlock(4, 2);
    await rig.addBlock(3, 1);
    const { id } = await rig.service.create(hours(6, 0), 'admin');
    expect((await rig.finished(id)).error).toBeNull();
    const { dir, manifest } = await rig.unpack(id);
    const levels = manifest.blocks.map(({ ulid }) => {
      const block = openBlock(join(dir, ulid));
      block.close();
      return block.meta.compaction.level;
    });
    expect(levels).toEqual([1, 1]);
  });

  test('opens in promtool', async () => {
    if (!hasProgram('promtool')) return;
    await rig.makeRemote(await rig.addBlock(4, 2));
    await rig.addBlock(2, 0);
    const { id } = await rig.service.create(hours(3, 0), 'admin');
    await rig.finished(id);
    const { dir, manifest } = await rig.unpack(id);
    const list = execFileSync('promtool', ['tsdb', 'list', dir]).toString();
    for (const { ulid } of manifest.blocks) expect(list).toContain(ulid);
    const dumped = execFileSync('promtool', ['tsdb', 'dump', dir]).toString().trim().split('\n');
    expect(dumped).toHaveLength(3 * 3 * 240);
    execFileSync('promtool', ['tsdb', 'analyze', dir]);
  });

  test('is read whole or in part, and says so when its archive is gone', async () => {
    await rig.addBlock(2, 0);
    const { id } = await rig.service.create(hours(1, 0), 'admin');
    await expect(rig.service.archive(id)).rejects.toMatchObject({ code: 'DUMP_NOT_READY' });
    const ready = await rig.finished(id);
    const archive = await rig.service.archive(id);
    expect(archive).toMatchObject({ etag: ready.sha256, fileName: ready.fileName });
    const part: Buffer[] = [];
    for await (const chunk of await archive.open({ start: 2, end: 7 })) part.push(chunk as Buffer);
    const whole = await readFile(join(rig.root, 'files', archiveKey(id)));
    expect(Buffer.concat(part)).toEqual(whole.subarray(2, 7));
    const isGone = () =>
      expect(rig.service.archive(id)).rejects.toMatchObject({ code: 'DUMP_ARCHIVE_MISSING' });
    // What lies there is not what was checked.
    await rig.store.put(archiveKey(id), whole.subarray(1));
    await isGone();
    await rig.store.delete(archiveKey(id));
    await isGone();
  });
});
