import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { say, type Target } from '../../../api/index.ts';
import { keysOf } from '../../../lib/objectstore/conformance-fixture.ts';
import { seededRng } from '../../../lib/runtime/index.ts';
import { labelsFrom, newUlid, writeBlock } from '../../../lib/tsdb/index.ts';
import { bitsOf, put, seriesOf, type Model } from '../../../lib/tsdb/model-fixture.ts';
import { blockInfo, removeTree } from '../../share/block-fixture.ts';
import { aliasesKey, archiveKey, dumpsPrefix } from '../../share/index.ts';
import { parseRedaction } from '../selection/content.ts';
import { wholeContent } from '../selection/content.ts';
import { DumpRig, hasProgram, hourMs, hours, startMs } from '../dump-fixture.ts';
import { Redactor } from './redactor.ts';

const key = new Uint8Array(32).fill(7);
const userId = 'abcdefghijklmnopqrstuvwxy3';

describe('a redactor', () => {
  test('gives the same name the same alias, whichever dump, and another key another one', () => {
    const [one, two] = [new Redactor(key), new Redactor(key)];
    expect(one.instance('App1.example.com:8067')).toMatch(/^host-[0-9a-f]{16}:8067$/);
    expect(two.instance('app1.example.com')).toBe(one.instance('app1.example.com'));
    expect(new Redactor(new Uint8Array(32)).instance('app1')).not.toBe(one.instance('app1'));
    expect(one.instance('app1')).not.toBe(one.instance('app2'));
  });

  test('keeps what says nothing: loopback, metric names and numbers', () => {
    const redactor = new Redactor(key);
    const labels = labelsFrom([
      ['__name__', 'go_threads'],
      ['instance', 'localhost:8067'],
      ['le', '0.25'],
      ['version', 'go1.26.1'],
    ]);
    expect(redactor.labels(labels)).toEqual(labels);
    expect(redactor.aliases()).toEqual({});
  });

  test('replaces ids where a label says so, and where they look like one', () => {
    const redactor = new Redactor(key);
    expect(redactor.label('user_id', 'bob')).toMatch(/^[0-9a-f]{26}$/);
    expect(redactor.label('teamId', 'x')).toMatch(/^[0-9a-f]{26}$/);
    const route = redactor.label('route', `/api/v4/users/${userId}/teams`);
    expect(route).toBe(`/api/v4/users/${redactor.id(userId)}/teams`);
    expect(redactor.aliases()[redactor.id(userId)]).toBe(userId);
  });

  test('finds known hosts in texts, whole and in any case, and addresses in messages', () => {
    const redactor = new Redactor(key);
    redactor.learn('app1.example.com:8067');
    redactor.learn('mattermost');
    const alias = redactor.instance('app1.example.com');
    expect(redactor.text('from APP1.example.com.')).toBe(`from ${alias}.`);
    expect(redactor.text('app1.example.community app1.example.com.au')).toBe(
      'app1.example.community app1.example.com.au',
    );
    // A name that is a word is replaced where texts are about hosts only.
    expect(redactor.text('mattermost')).toBe('mattermost');
    expect(redactor.message('moved to mattermost.')).not.toContain('mattermost');
    const message = redactor.message('connect 10.1.2.3:8067, [2001:db8::1]:1, 127.0.0.1');
    expect(message).toMatch(/^connect host-\w+:8067, \[host-\w+\]:1, 127\.0\.0\.1$/);
  });

  test('finds hosts with names that are words where an address stands, and leaves the words', () => {
    const redactor = new Redactor(key);
    redactor.learn('web:8065');
    const alias = redactor.instance('web');
    const text = redactor.text('web http://web/api tcp://web:5432 postgres@web web:80 webs:80');
    expect(text).toBe(
      `web http://${alias}/api tcp://${alias}:5432 postgres@${alias} ${alias}:80 webs:80`,
    );
    expect(redactor.text('//web.example //web-1 web:x web:123456 a.web:1')).toBe(
      '//web.example //web-1 web:x web:123456 a.web:1',
    );
    expect(redactor.label('job', 'web')).toBe('web');
    expect(redactor.label('db_host', 'web')).toBe(alias);
    expect(redactor.label('source_node', 'web')).toBe(alias);
    expect(redactor.text('1.2.3.4 v1.2.3.4')).toBe('1.2.3.4 v1.2.3.4');
    expect(redactor.text('//10.1.2.3/x and 10.1.2.3:9')).toMatch(
      /^\/\/host-\w+\/x and host-\w+:9$/,
    );
  });

  test('finds hosts that nothing else names where a value has the shape of an address', () => {
    const redactor = new Redactor(key);
    const seen = (value: string) => redactor.label('device', value);
    expect(seen('nas1.example:/vol/data')).toMatch(/^host-\w+:\/vol\/data$/);
    expect(seen('nas:/vol')).toMatch(/^host-\w+:\/vol$/);
    expect(seen('10.9.8.7:/vol')).toMatch(/^host-\w+:\/vol$/);
    expect(seen('//files.example/share')).toMatch(/^\/\/host-\w+\/share$/);
    expect(seen('http://search.example:9200/x')).toMatch(/^http:\/\/host-\w+:9200\/x$/);
    expect(seen('redis://me:pw@cache1/0')).toMatch(/^redis:\/\/[0-9a-f]{26}@host-\w+\/0$/);
    expect(seen('http://[2001:db8::1]:9200/')).toMatch(/^http:\/\/\[host-\w+\]:9200\/$/);
    expect(seen('k1.example:9092,k2.example:9092')).toMatch(/^host-\w+:9092,host-\w+:9092$/);
    expect(seen('10.1.2.3')).toMatch(/^host-\w+$/);
    expect(seen('10.1.2.3, 10.1.2.4')).toMatch(/^host-\w+, host-\w+$/);
    expect(seen('10.1.2.0/24')).toMatch(/^host-\w+\/24$/);
    expect(seen('2001:db8::2')).toMatch(/^host-\w+$/);
    expect(seen('02:42:ac:11:00:02')).toMatch(/^host-\w+$/);
    expect(redactor.label('version', '10.1.2.3')).toBe('10.1.2.3');
    const kept = [
      'go1.26.1',
      'PostStore.Get',
      'com.example.plugin',
      '/api/v4/users',
      'GET:/api/v4',
    ];
    kept.push(
      'C:/data',
      '12:30:00',
      'http://localhost:9/',
      '127.0.0.1',
      'ff:ff:ff:ff:ff:ff',
      '+Inf',
    );
    for (const value of [...kept, '1:2', 'v1.2.3.4', 'std::map', '/dev/sda1']) {
      expect(seen(value)).toBe(value);
    }
  });

  test('takes every name in the domain of a known host for a host', () => {
    const redactor = new Redactor(key);
    redactor.learn('chat.example.com');
    expect(redactor.label('owner', 'db7.intern.example.com')).toMatch(/^host-\w+$/);
    expect(redactor.message('no answer of DB8.example.com.')).toMatch(/^no answer of host-\w+\.$/);
    expect(redactor.text('example.com example.community')).toBe('example.com example.community');
  });

  test('finds what names somebody or a machine: addresses of mail, UUIDs, serial numbers', () => {
    const redactor = new Redactor(key);
    expect(redactor.label('who', 'mail to bob@example.org')).toMatch(/^mail to [0-9a-f]{26}$/);
    const uuid = '1b4e28ba-2fa1-11d2-883f-0016d3cca427';
    expect(redactor.label('device', `/dev/disk/by-uuid/${uuid}`)).toMatch(/by-uuid\/[0-9a-f]{26}$/);
    expect(redactor.message(`volume ${uuid}`)).toMatch(/^volume [0-9a-f]{26}$/);
    for (const name of ['product_uuid', 'product_serial', 'chassis_asset_tag', 'user_email']) {
      expect(redactor.label(name, 'X1')).toMatch(/^[0-9a-f]{26}$/);
    }
  });

  test('takes no number for a host, and nothing of what exporters tell of a machine', () => {
    const redactor = new Redactor(key);
    const told = [
      ...[
        ['ip', 'v4'],
        ['machine', 'x86_64'],
        ['version_id', '12'],
        ['address', '00:00:00:00:00:00'],
      ],
    ];
    for (const [name = '', value = ''] of told) expect(redactor.label(name, value)).toBe(value);
    expect(redactor.label('node', '0')).toBe('0');
    expect(redactor.message('0 of 5 targets')).toBe('0 of 5 targets');
  });

  test('keeps what names a plugin, or where a server logs to: the boards of a dump ask for them', () => {
    const redactor = new Redactor(key);
    redactor.learn('logs.example.com');
    const seen = (name: string, value: string) => redactor.label(name, value);
    expect(seen('plugin_id', 'com.mattermost.calls')).toBe('com.mattermost.calls');
    expect(seen('target', '_defAudit')).toBe('_defAudit');
    expect(seen('target', 'file:default')).toBe('file:default');
    // One that is an address is found by its shape, and an id by its own.
    expect(seen('target', 'logs.example.com')).toMatch(/^host-\w+$/);
    expect(seen('target', 'syslog7.example:6514')).toMatch(/^host-\w+:6514$/);
    expect(seen('plugin_id', userId)).toMatch(/^[0-9a-f]{26}$/);
    expect(seen('channel_id', 'x')).toMatch(/^[0-9a-f]{26}$/);
  });

  test('replaces the id of a plugin that is a customer’s own, wherever it stands', () => {
    const redactor = new Redactor(key);
    const own = 'com.acme-corp.hr';
    redactor.learnLabels(labelsFrom([['plugin_id', own]]));
    redactor.learnLabels(labelsFrom([['plugin_id', 'playbooks']]));
    const alias = redactor.label('plugin_id', own);
    expect(alias).toMatch(/^[0-9a-f]{26}$/);
    expect(redactor.label('job', own)).toBe(alias);
    expect(redactor.label('path', `/plugins/${own}/metrics`)).toBe(`/plugins/${alias}/metrics`);
    expect(redactor.message(`${own} is not active`)).toBe(`${alias} is not active`);
    expect(redactor.text(`${own}.more playbooks`)).toBe(`${own}.more playbooks`);
    expect(redactor.label('plugin_id', 'playbooks')).toBe('playbooks');
    expect(redactor.aliases()).toEqual({ [alias]: own });
  });

  test('finds a host in a text that it has seen before it knew of the host', () => {
    const redactor = new Redactor(key);
    const text = 'from app-1.example to app-2.example';
    expect(redactor.text(text)).toBe(text);
    redactor.learn('app-2.example');
    expect(redactor.text(text)).toMatch(/^from app-1\.example to host-\w+$/);
  });

  test('gives what it is given twice the same text', () => {
    const redactor = new Redactor(key);
    redactor.learn('app1');
    const once = redactor.message(`app1 ${userId} 10.1.2.3`);
    expect(redactor.message(once)).toBe(once);
  });

  test('tells two hosts of an address with and without a zone of ports apart', () => {
    const redactor = new Redactor(key);
    const aliases = ['10.0.0.1:80', '10.0.0.2:80', '[2001:db8::1]:80', '2001:db8::2'].map((text) =>
      redactor.instance(text),
    );
    expect(new Set(aliases).size).toBe(4);
  });
});

test('a request for another redaction is refused', () => {
  expect(parseRedaction({})).toBe('none');
  expect(parseRedaction({ redaction: 'hosts-and-ids' })).toBe('hosts-and-ids');
  for (const redaction of ['all', true, {}]) {
    expect(() => parseRedaction({ redaction })).toThrow(
      expect.objectContaining({ code: 'DUMP_REDACTION_INVALID' }),
    );
  }
});

const redacted = { ...wholeContent, redaction: 'hosts-and-ids' } as const;

describe('a redacted dump', () => {
  let rig: DumpRig;
  const secrets = ['host-00000', 'secret-app', 'chat.example.com', '10.7.8.9', userId];
  const serverId = 'abcdefghijklmnopqrstuvwxyz';

  beforeEach(async () => {
    rig = await DumpRig.create();
    await rig.service.start();
    await rig.makeRemote(await rig.addBlock(4, 2));
    await rig.addBlock(2, 0);
    const seenMs = startMs;
    rig.nodes = [
      { host: 'secret-app1', mode: 'both', pluginVersion: '0.8.0', serverVersion: '', seenMs },
    ];
    rig.moreGaps = [
      {
        ...{ job: 'mattermost', instance: 'secret-app1:8067', fromMs: startMs - 1, toMs: null },
        ...{ reason: 'SCRAPE_REFUSED', missedScrapes: 1 },
        message: `connect 10.7.8.9:8067 for ${userId} on SECRET-APP1`,
      },
    ];
  });

  afterEach(async () => {
    await rig.service.stop();
    await removeTree(rig.root);
  });

  async function build(): Promise<string> {
    const { id } = await rig.service.create(hours(4, 0), 'admin', redacted);
    expect(await rig.finished(id)).toMatchObject({ state: 'ready', series: 3, samples: 2880 });
    return id;
  }

  test('has no name and no id anywhere in its bytes, and says what was done', async () => {
    const id = await build();
    const packed = await readFile(join(rig.root, 'files', archiveKey(id)));
    const bytes = gunzipSync(packed).toString('latin1').toLowerCase();
    for (const secret of [...secrets, serverId]) expect(bytes).not.toContain(secret);
    const dump = await rig.service.get(id);
    for (const secret of secrets) expect(dump.fileName).not.toContain(secret);
    const { dir, manifest } = await rig.unpack(id);
    expect(manifest).toMatchObject({ redacted: 'hosts-and-ids', jobId: id });
    if (!hasProgram('promtool')) return;
    const dumped = execFileSync('promtool', ['tsdb', 'dump', dir]).toString().trim().split('\n');
    expect(dumped).toHaveLength(2880);
  });

  test('knows hosts that only a later block, a target or a gap names before it replaces anything', async () => {
    const late = ['late-host.example', 'late-target.example', 'word'];
    const early: Model = new Map();
    const values = late.map((host) => `http://${host}:8065/api`);
    for (const url of values) {
      put(early, ['__name__', 'calls', 'url', url], startMs - 7 * hourMs, bitsOf(1));
    }
    const later: Model = new Map();
    put(later, ['__name__', 'up', 'instance', `${late[0]!}:8067`], startMs - 5 * hourMs, bitsOf(1));
    for (const model of [early, later]) {
      const ulid = newUlid(startMs, seededRng(model === early ? 21 : 22));
      const parentDir = rig.dataDirectory;
      const { dir } = writeBlock({ parentDir, ulid, series: seriesOf(model) })!;
      const block = await blockInfo(dir);
      rig.local.add(block);
      await rig.makeRemote(block);
    }
    rig.nodes = ['late-target.example', 'word'].map((host) => ({ ...rig.nodes[0]!, host }));
    const { id } = await rig.service.create(hours(8, 0), 'admin', redacted);
    expect((await rig.finished(id)).error).toBeNull();
    const packed = await readFile(join(rig.root, 'files', archiveKey(id)));
    const bytes = gunzipSync(packed).toString('latin1').toLowerCase();
    for (const secret of ['late-', '//word']) expect(bytes).not.toContain(secret);
    expect(bytes).toContain('http://host-');
  });

  test('keeps series apart that differ in how a host is written alone', async () => {
    const model: Model = new Map();
    for (const [at, host] of ['app1', 'App1', 'APP1', '[app1]'].entries()) {
      for (const labels of [
        ['instance', 'node:80', 'server', host],
        ['url', `http://${host}/`],
      ]) {
        put(model, ['__name__', 'x', ...labels], startMs - hourMs, bitsOf(at));
      }
    }
    const ulid = newUlid(startMs, seededRng(31));
    const { dir } = writeBlock({
      parentDir: rig.dataDirectory,
      ulid,
      series: seriesOf(model),
    })!;
    rig.local.add(await blockInfo(dir));
    const { id } = await rig.service.create(hours(2, 0), 'admin', redacted);
    expect(await rig.finished(id)).toMatchObject({ error: null, state: 'ready', series: 11 });
    const names = Object.values((await rig.service.aliases(id)).aliases);
    expect(names).toEqual(expect.arrayContaining(['app1', 'App1', 'APP1', '[app1]', 'node']));
    expect(names).not.toContain('node:80');
    const packed = await readFile(join(rig.root, 'files', archiveKey(id)));
    expect(gunzipSync(packed).toString('latin1').toLowerCase()).not.toContain('app1');
  });

  test('has no host in what its texts warn of, also when its name is a word', async () => {
    rig.silence = say('note.head-refused', { node: 'primary', code: 'CLUSTER_TIMEOUT' });
    rig.nodes = [{ ...rig.nodes[0]!, host: 'primary' }];
    const target = { job: 'acme-hr', instance: 'primary:8067', labels: { plugin_id: 'acme-hr' } };
    rig.targets = [target as unknown as Target];
    const { id } = await rig.service.create(hours(4, 0), 'admin', redacted);
    expect((await rig.finished(id)).error).toBeNull();
    const { dir } = await rig.unpack(id);
    const readme = await readFile(join(dir, 'README.md'), 'utf8');
    expect(readme).toMatch(/- Node host-\w+ did not hand out/);
    expect(readme).not.toContain('primary');
    const told = await readFile(join(dir, 'manifest.json'), 'utf8');
    expect(told).not.toMatch(/primary|acme/);
  });

  test('without redaction the same bytes do have them', async () => {
    const { id } = await rig.service.create(hours(4, 0), 'admin');
    await rig.finished(id);
    const packed = await readFile(join(rig.root, 'files', archiveKey(id)));
    const bytes = gunzipSync(packed).toString('latin1').toLowerCase();
    for (const secret of [...secrets, serverId]) expect(bytes).toContain(secret);
    await expect(rig.service.aliases(id)).rejects.toMatchObject({ code: 'DUMP_NOT_REDACTED' });
  });

  test('has its aliases beside it, the same in every dump, and loses them with it', async () => {
    const [first, second] = [await build(), await build()];
    const { aliases } = await rig.service.aliases(first);
    expect(aliases).toEqual((await rig.service.aliases(second)).aliases);
    const originals = Object.values(aliases);
    expect(originals).toEqual(
      expect.arrayContaining(['host-000000', 'secret-app1', 'chat.example.com', serverId, userId]),
    );
    const { manifest } = await rig.unpack(first);
    expect(aliases[manifest.server.id]).toBe(serverId);
    expect(aliases[manifest.nodes[0]!.host]).toBe('secret-app1');
    expect(await rig.store.head(aliasesKey(first))).toBeDefined();
    await rig.service.delete(first, 'admin');
    await rig.service.delete(second, 'admin');
    expect(await keysOf(rig.store, dumpsPrefix)).toEqual([]);
  });

  test('that nobody wants any more while its aliases are stored leaves neither', async () => {
    const { put } = rig.store;
    let cancelled: Promise<unknown> | undefined;
    rig.store.put = async (at, body, options) => {
      const head = await put.call(rig.store, at, body, options);
      if (at.endsWith('/aliases.json')) cancelled = rig.service.cancel(id, 'admin');
      return head;
    };
    const { id } = await rig.service.create(hours(4, 0), 'admin', redacted);
    expect((await rig.finished(id)).state).toBe('cancelled');
    await expect(cancelled).resolves.toMatchObject({ id });
    expect(await keysOf(rig.store, dumpsPrefix)).toEqual([]);
  });

  test.each(['.tar.gz', 'aliases.json'])(
    'that cannot be stored leaves nothing: %s',
    async (name) => {
      rig.store.fault = ({ key: at, operation }) =>
        operation === 'put' && at.endsWith(name) ? 'STORE_FULL' : undefined;
      const { id } = await rig.service.create(hours(4, 0), 'admin', redacted);
      expect((await rig.finished(id)).error?.code).toBe('DUMP_STORE_FULL');
      expect(await keysOf(rig.store, dumpsPrefix)).toEqual([]);
      await expect(rig.service.aliases(id)).rejects.toMatchObject({ code: 'DUMP_NOT_READY' });
    },
  );
});
