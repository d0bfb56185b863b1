import { expect, test } from '@jest/globals';
import { FakeClock, silentLogger, type LogFields } from '../../lib/runtime/index.ts';
import type { Configuration } from '../configuration.ts';
import type { AuditRecord } from '../mattermost/index.ts';
import { AuditLog } from './audit-log.ts';
import { encodeAnnouncement, readAnnouncement } from './save-announcement.ts';
import { SettingsAudit } from './settings-audit.ts';

/** What a node writes, and its part that audits changes of settings. */
class Node {
  readonly clock: FakeClock;
  readonly records: AuditRecord[] = [];
  readonly lines: [message: string, fields?: LogFields][] = [];
  readonly settings: SettingsAudit;
  readonly #audit: AuditLog;

  constructor(clock = new FakeClock()) {
    this.clock = clock;
    const info = (message: string, fields?: LogFields) => {
      this.lines.push(fields === undefined ? [message] : [message, fields]);
    };
    const logger = { ...silentLogger, info };
    const logAuditRecord = (record: AuditRecord) => {
      this.records.push(record);
      return Promise.resolve();
    };
    this.#audit = new AuditLog({ logAuditRecord }, logger);
    this.settings = new SettingsAudit({ audit: this.#audit, clock, logger });
  }

  /** Lets the time pass in which an author may be announced, and tells what was recorded. */
  async recorded(): Promise<{ keys: unknown; user: string; told: unknown }[]> {
    await this.clock.advance(20_000);
    await this.#audit.flush();
    return this.records.map(({ actor, parameters }) => ({
      keys: parameters['keys'],
      user: actor.userId.slice(0, 1),
      told: parameters['user'],
    }));
  }

  changes(values: Record<string, unknown>, isCluster = false): void {
    this.settings.changed({ ...before }, configuration({ ...before, ...values }, isCluster));
  }

  announces(letter: string, ...keys: string[]): void {
    this.settings.announced({ actor: actorOf(letter), keys });
  }
}

const before = { customtargetsecrets: 'hunter2', DBPath: 'x', retentiondays: 7, other: [1] };

const configuration = (raw: Record<string, unknown>, isCluster = false) =>
  ({ raw, server: { cluster: { enable: isCluster } } }) as unknown as Configuration;

function actorOf(letter: string): AuditRecord['actor'] {
  const userId = letter.repeat(26);
  return { userId, client: 'probe', ipAddress: '192.0.2.1', forwardedFor: '' };
}

const known = 'announced by System Console';
const unknown = 'not announced: not known';

test('tells which settings changed, never to what', async () => {
  const node = new Node();
  node.changes({});
  node.settings.changed(
    before,
    configuration({ customtargetsecrets: 'hunter3', dbpath: 'x', retentiondays: 8, other: [1] }),
  );
  const [record, ...others] = await node.recorded();
  expect(others).toEqual([]);
  expect(String(record?.keys).toLowerCase()).toBe('customtargetsecrets,retentiondays');
  expect(node.records).toMatchObject([{ event: 'changeMetricsSettings', isSuccess: true }]);
  expect(JSON.stringify([node.lines, node.records])).not.toContain('hunter');
  expect(node.clock.pendingTimers).toBe(0);
});

test('the log has a change at once, though the record waits for its author', async () => {
  const node = new Node();
  node.changes({ DBPath: 'y' });
  expect(node.lines).toEqual([
    ['Settings were changed; the audit line tells who it was', { keys: 'DBPath' }],
  ]);
  expect(node.records).toEqual([]);
  node.settings.stop();
  expect(node.clock.pendingTimers).toBe(0);
  node.changes({ DBPath: 'z' });
  expect(await node.recorded()).toHaveLength(2);
});

test('tells who announced that they have saved, before or after the change, and from where', async () => {
  for (const isBefore of [true, false]) {
    const node = new Node();
    if (isBefore) node.announces('a', 'dbpath', 'customtargets');
    await node.clock.advance(3_000);
    node.changes({ DBPath: 'y' });
    await node.clock.advance(3_000);
    if (!isBefore) node.announces('a', 'DBPath');
    expect(await node.recorded()).toEqual([{ keys: 'DBPath', user: 'a', told: known }]);
    expect(node.records[0]?.actor).toEqual(actorOf('a'));
  }
});

test.each<[what: string, run: (node: Node) => Promise<void>]>([
  ['nobody announced it', async (node) => node.changes({ DBPath: 'y' })],
  [
    'somebody edited a part of it only',
    async (node) => {
      node.changes({ DBPath: 'y', retentiondays: 8 });
      node.announces('a', 'DBPath');
    },
  ],
  [
    'the announcement is too old',
    async (node) => {
      node.announces('a', 'DBPath');
      await node.clock.advance(10_001);
      node.changes({ DBPath: 'y' });
    },
  ],
  [
    'two announced it',
    async (node) => {
      node.announces('a', 'DBPath');
      node.changes({ DBPath: 'y' });
      node.announces('b', 'DBPath', 'x');
    },
  ],
])('names nobody when %s', async (_what, run) => {
  const node = new Node();
  await run(node);
  expect(await node.recorded()).toMatchObject([{ user: '', told: unknown }]);
});

test('names nobody for two changes when one save was announced, and somebody for both when two were', async () => {
  for (const [announcements, user] of [
    [1, ''],
    [2, 'a'],
  ] as const) {
    const node = new Node();
    node.changes({ DBPath: 'y' });
    node.changes({ DBPath: 'z' });
    for (let at = 0; at < announcements; at++) node.announces('a', 'DBPath');
    expect((await node.recorded()).map((told) => told.user)).toEqual([user, user]);
  }
});

test('tells a refused save, too, and in a cluster writes one record, where it was saved', async () => {
  const clock = new FakeClock();
  const [saving, other] = [new Node(clock), new Node(clock)];
  saving.settings.judged({ DBPath: 'x' }, { DBPath: '' }, true);
  saving.announces('a', 'DBPath');
  await clock.advance(20_000);
  saving.settings.judged({ DBPath: 'x' }, { DBPath: 'x' }, false);
  saving.settings.judged({ DBPath: 'x' }, { DBPath: 'y' }, false);
  for (const node of [saving, other]) node.changes({ DBPath: 'y' }, true);
  // The console asked the other node.
  const event = encodeAnnouncement({ actor: actorOf('b'), keys: ['DBPath'] });
  for (const node of [saving, other]) node.settings.announced(readAnnouncement(event)!);
  expect(await saving.recorded()).toMatchObject([{ user: 'a' }, { user: 'b' }]);
  expect(saving.records.map(({ isSuccess }) => isSuccess)).toEqual([false, true]);
  expect(saving.records[0]?.error).toEqual({ description: 'SETTINGS_REFUSED', status: 0 });
  expect(saving.records[1]?.actor).toEqual(actorOf('b'));
  expect(await other.recorded()).toEqual([]);
  expect(other.lines).toMatchObject([['audit: changeMetricsSettings', { keys: 'DBPath' }]]);
});

test('a save that another plugin refused makes no later change its own', async () => {
  const node = new Node();
  node.settings.judged({ DBPath: 'x' }, { DBPath: 'y' }, false);
  await node.clock.advance(60_001);
  node.changes({ DBPath: 'y' }, true);
  expect(await node.recorded()).toEqual([]);
});

test.each<[what: string, meanwhile: (node: Node) => void, keys: string[]]>([
  ['one that changed nothing', (node) => node.changes({}, true), ['DBPath']],
  ['one of other settings on another node', (node) => node.changes({ other: 1 }, true), ['DBPath']],
  [
    'another one here',
    (node) => {
      node.settings.judged({ DBPath: 'x' }, { DBPath: 'z' }, false);
      node.changes({ DBPath: 'z' }, true);
    },
    ['DBPath', 'DBPath'],
  ],
])('records its own save in a cluster, though %s comes between', async (_what, meanwhile, keys) => {
  const node = new Node();
  node.settings.judged({ DBPath: 'x' }, { DBPath: 'y' }, false);
  meanwhile(node);
  node.changes({ DBPath: 'y' }, true);
  expect((await node.recorded()).map((told) => told.keys)).toEqual(keys);
});

test('takes no announcement for its own change that may be about one of another node', async () => {
  const node = new Node();
  node.settings.judged({ DBPath: 'x' }, { DBPath: 'y' }, false);
  node.changes({ DBPath: 'y' }, true);
  node.changes({ DBPath: 'z' }, true);
  node.announces('a', 'DBPath');
  expect(await node.recorded()).toEqual([{ keys: 'DBPath', user: '', told: unknown }]);
});

test('however many changes come, few records wait', async () => {
  const node = new Node();
  for (let at = 0; at < 50; at++) node.changes({ DBPath: String(at) });
  expect(node.clock.pendingTimers).toBe(20);
  expect(await node.recorded()).toHaveLength(50);
});

test('reads what another node passes on, and nothing else', () => {
  const announcement = { actor: { ...actorOf('a'), client: 'x'.repeat(5_000) }, keys: ['DBPath'] };
  const event = encodeAnnouncement(announcement);
  const client = 'x'.repeat(300);
  expect(readAnnouncement(event)).toEqual({ ...announcement, actor: { ...actorOf('a'), client } });
  const text = new TextDecoder().decode(event);
  for (const [from, to] of [
    ['"v":1', '"v":2'],
    ['a'.repeat(26), 'a'.repeat(25)],
    ['["DBPath"]', '[]'],
    ['["DBPath"]', '["../x"]'],
    ['["DBPath"]', '"DBPath"'],
    ['}', ''],
  ] as const) {
    expect(readAnnouncement(new TextEncoder().encode(text.replace(from, to)))).toBe(undefined);
  }
  expect(readAnnouncement(new TextEncoder().encode('null'))).toBe(undefined);
  expect(readAnnouncement(new Uint8Array(40_000))).toBe(undefined);
  const sized = (bytes: number) => readAnnouncement(new TextEncoder().encode(text.padEnd(bytes)));
  expect(sized(32 * 1024)?.keys).toEqual(['DBPath']);
  expect(sized(32 * 1024 + 1)).toBe(undefined);
  // Of a node that does not cut what it tells.
  const long = text.replace(client, 'x'.repeat(5_000)).replace('192.0.2.1', 'y'.repeat(301));
  const { actor } = readAnnouncement(new TextEncoder().encode(long))!;
  expect([actor.client, actor.ipAddress]).toEqual([client, 'y'.repeat(300)]);
});
