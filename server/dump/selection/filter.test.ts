import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { labelsFrom } from '../../../lib/tsdb/index.ts';
import { removeTree } from '../../share/block-fixture.ts';
import { wholeContent } from './content.ts';
import { DumpRig, hasProgram, hours, oneTurn } from '../dump-fixture.ts';
import { maxFilterBytes } from '../limits.ts';
import { hostOf, parseFilter, seriesFilter } from './filter.ts';

describe('parseFilter', () => {
  test('takes absent and empty lists for everything, and every entry once', () => {
    for (const body of [undefined, null, {}, { nodes: [], jobs: null }, { from: 1, to: 2 }]) {
      expect(parseFilter(body)).toBeNull();
    }
    const filter = parseFilter({ nodes: ['a', 'a'], metrics: ['go_*'] });
    expect(filter).toEqual({ nodes: ['a'], jobs: [], metrics: ['go_*'] });
  });

  test.each([
    [{ nodes: 'app1' }],
    [{ jobs: {} }],
    [{ metrics: [1] }],
    [{ metrics: [''] }],
    [{ metrics: ['a b'] }],
    [{ metrics: ['up{job="x"}'] }],
    [{ nodes: ['a\nb'] }],
    [{ nodes: ['\u0000'] }],
    [{ jobs: ['x'.repeat(201)] }],
    [{ jobs: Array.from({ length: 21 }, (_, at) => `job${String(at)}`) }],
    [{ jobs: Array.from({ length: 11 }, (_, at) => `${String(at)}${'x'.repeat(190)}`) }],
  ])('refuses %j', (body) => {
    expect(() => parseFilter(body)).toThrow(
      expect.objectContaining({ code: 'DUMP_FILTER_INVALID' }),
    );
  });

  test('takes lists and entries up to their limits', () => {
    const jobs = Array.from({ length: 20 }, (_, at) => `job${String(at)}`);
    expect(parseFilter({ jobs, nodes: ['x'.repeat(200)] })?.jobs).toEqual(jobs);
    // All together have a limit, too, in bytes as the record of a job takes them.
    const long = Array.from({ length: 11 }, (_, at) => `${String(at % 10)}${'ä'.repeat(80 + at)}`);
    const sizeOf = (last: string) =>
      Buffer.byteLength(JSON.stringify({ nodes: [], jobs: [...long, last], metrics: [] }));
    const last = 'x'.repeat(maxFilterBytes - sizeOf(''));
    expect(parseFilter({ jobs: [...long, last] })?.jobs).toHaveLength(12);
    expect(() => parseFilter({ jobs: [...long, `${last}x`] })).toThrow(
      expect.objectContaining({ code: 'DUMP_FILTER_INVALID' }),
    );
  });
});

test.each([
  ['app1:8067', 'app1'],
  ['app1', 'app1'],
  ['[2001:db8::1]:9100', '2001:db8::1'],
  ['2001:db8::1', '2001:db8::1'],
  ['10.0.0.1:9100', '10.0.0.1'],
])('the host of %s is %s', (instance, host) => {
  expect(hostOf(instance)).toBe(host);
});

describe('seriesFilter', () => {
  const series = (name: string, job: string, instance: string) =>
    labelsFrom([
      ['__name__', name],
      ['instance', instance],
      ['job', job],
    ]);
  const one = series('go_gc_seconds', 'mattermost', 'App1.example.com:8067');
  const cases: [Parameters<typeof seriesFilter>[0], boolean][] = [
    [{ nodes: ['app1.example.com'], jobs: [], metrics: [] }, true],
    [{ nodes: ['APP1.example.com:8067'], jobs: [], metrics: [] }, true],
    [{ nodes: ['app1'], jobs: [], metrics: [] }, false],
    [{ nodes: ['app1.example.com:9100'], jobs: [], metrics: [] }, false],
    [{ nodes: [], jobs: ['node', 'mattermost'], metrics: [] }, true],
    [{ nodes: [], jobs: ['Mattermost'], metrics: [] }, false],
    [{ nodes: [], jobs: [], metrics: ['up', 'go_*_seconds'] }, true],
    [{ nodes: [], jobs: [], metrics: ['gc'] }, false],
    [{ nodes: ['app1.example.com'], jobs: ['node'], metrics: ['*'] }, false],
  ];
  test.each(cases)('%j: %s', (filter, isKept) => {
    expect(seriesFilter(filter)(one)).toBe(isKept);
  });

  test('a series without the label does not fit a list', () => {
    const bare = labelsFrom([['__name__', 'x']]);
    expect(seriesFilter({ nodes: ['a'], jobs: [], metrics: [] })(bare)).toBe(false);
    expect(seriesFilter({ nodes: [], jobs: ['a'], metrics: [] })(bare)).toBe(false);
  });
});

describe('a filtered dump', () => {
  let rig: DumpRig;

  beforeEach(async () => {
    rig = await DumpRig.create();
    await rig.service.start();
    await rig.makeRemote(await rig.addBlock(4, 2));
    await rig.addBlock(3, 0);
  });

  afterEach(async () => {
    await rig.service.stop();
    await removeTree(rig.root);
  });

  test('holds what was asked for and nothing else, and says so', async () => {
    const filter = parseFilter({ nodes: ['HOST-000001'], metrics: ['test_*_total'] });
    const { id } = await rig.service.create(hours(4, 0), 'admin', { ...wholeContent, filter });
    const ready = await rig.finished(id);
    expect(ready).toMatchObject({ state: 'ready', filter, series: 1, samples: 4 * 240 });
    const { dir, manifest } = await rig.unpack(id);
    expect(manifest.filtered).toEqual(filter);
    const indexes = manifest.files.filter(({ path }) => path.endsWith('/index'));
    expect(indexes).toHaveLength(1);
    if (!hasProgram('promtool')) return;
    const lines = execFileSync('promtool', ['tsdb', 'dump', dir]).toString().trim().split('\n');
    expect(lines).toHaveLength(4 * 240);
    expect(lines.every((line) => line.includes('instance="host-000001:8067"'))).toBe(true);
  });

  test('is begun again with its filter after a restart', async () => {
    const filter = parseFilter({ nodes: ['host-000002'] });
    const begun = Promise.withResolvers<undefined>();
    rig.onCall = async (method) => {
      if (method !== 'dump.addGroup') return;
      begun.resolve(undefined);
      await oneTurn();
    };
    const { id } = await rig.service.create(hours(4, 0), 'admin', { ...wholeContent, filter });
    await begun.promise;
    await rig.service.stop();
    rig.onCall = () => Promise.resolve();
    rig.restart();
    await rig.service.start();
    expect(await rig.finished(id)).toMatchObject({ state: 'ready', filter, series: 1 });
  });

  test('that nothing fits fails and says why', async () => {
    const { id } = await rig.service.create(hours(4, 0), 'admin', {
      ...wholeContent,
      filter: parseFilter({ jobs: ['postgres'] }),
    });
    const failed = await rig.finished(id);
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'DUMP_FILTER_EMPTY' } });
  });
});
