import { beforeEach, expect, test } from '@jest/globals';
import { say, inEnglish } from '../../api/index.ts';
import { FakeClock, silentLogger } from '../../lib/runtime/index.ts';
import { FakeKvDatabase, type KvApi } from '../cluster/cluster-fixture.ts';
import { RefusedSave } from './refused-save.ts';

const reason = say('setting.refused', { name: 'DBPath', reason: say('setting.not-path') });
const minuteMs = 60_000;

let clock: FakeClock;
let database: FakeKvDatabase;
let shared: number;
let isShared: boolean;

beforeEach(() => {
  clock = new FakeClock();
  database = new FakeKvDatabase(clock);
  shared = 0;
  isShared = true;
});

function onNode(kv: KvApi = database.connect()): RefusedSave {
  return new RefusedSave({
    ...{ clock, kv, logger: silentLogger },
    isShared: () => isShared,
    onShared: () => {
      shared++;
    },
  });
}

/** What a node says when its status is asked for. */
async function told(node: RefusedSave): Promise<string[]> {
  await node.look();
  return node.problems().map(({ code, message }) => `${code} ${message}`);
}

const refusal = [
  `SETTINGS_REFUSED The last save of the configuration was refused: ${inEnglish(reason)}`,
];

test('tells why a save was refused until one goes through, or for a quarter of an hour', async () => {
  isShared = false;
  const node = onNode();
  expect(await told(node)).toEqual([]);
  node.note(reason);
  expect(await told(node)).toEqual(refusal);
  node.note(undefined);
  expect(await told(node)).toEqual([]);
  node.note(reason);
  await clock.advance(15 * minuteMs);
  expect(await told(node)).toEqual(refusal);
  await clock.advance(1);
  expect(await told(node)).toEqual([]);
  node.note(reason);
  node.settled();
  expect(await told(node)).toEqual([]);
  expect([database.reads, database.writes, shared]).toEqual([0, 0, 0]);
});

test('another node tells it, too, and as long', async () => {
  const [asked, other] = [onNode(), onNode()];
  expect(await told(other)).toEqual([]);
  asked.note(reason);
  await clock.advance(0);
  expect(shared).toBe(1);
  expect([await told(asked), await told(other)]).toEqual([refusal, refusal]);
  // One that starts only now, too.
  expect(await told(onNode())).toEqual(refusal);
  await clock.advance(15 * minuteMs + 1);
  expect([await told(asked), await told(other)]).toEqual([[], []]);
});

test('a save that goes through on one node ends it on all', async () => {
  const [asked, other, third] = [onNode(), onNode(), onNode()];
  asked.note(reason);
  await clock.advance(0);
  expect(await told(third)).toEqual(refusal);
  other.note(undefined);
  await clock.advance(0);
  // The server tells every node that the configuration is another one.
  for (const node of [asked, other, third]) node.settled();
  for (const node of [asked, other, third]) expect(await told(node)).toEqual([]);
  expect(shared).toBe(2);
});

test('the newest outcome is the one that stays, however slow the database is', async () => {
  const kv = database.connect();
  let release = () => {};
  const slow: KvApi = {
    ...kv,
    kvSetWithOptions: async (...args) => {
      await new Promise<void>((done) => (release = done));
      return kv.kvSetWithOptions(...args);
    },
  };
  const [asked, other] = [onNode(slow), onNode()];
  asked.note(say('setting.not-bool'));
  asked.note(reason);
  asked.note(undefined);
  await clock.advance(0);
  release();
  await clock.advance(0);
  expect(await told(other)).toEqual([]);
  expect(database.writes).toBe(2);
});

test('a database that is away costs a second at most, and the own refusal stands', async () => {
  const refuse = () => Promise.reject(new Error('away'));
  const broken = { ...database.connect(), kvGet: refuse, kvSetWithOptions: refuse };
  const asked = onNode(broken);
  asked.note(reason);
  await clock.advance(0);
  expect([await told(asked), shared]).toEqual([refusal, 0]);
  const hanging = onNode({ ...database.connect(), kvGet: () => new Promise(() => {}) });
  let answer: string[] | undefined;
  void told(hanging).then((problems) => (answer = problems));
  await clock.advance(999);
  expect(answer).toBeUndefined();
  await clock.advance(1);
  expect(answer).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('a database that fails for a moment takes back nothing that was known', async () => {
  const kv = database.connect();
  let isAway = false;
  const kvGet = (key: string) => (isAway ? Promise.reject(new Error('away')) : kv.kvGet(key));
  const other = onNode({ ...kv, kvGet });
  onNode().note(reason);
  await clock.advance(0);
  expect(await told(other)).toEqual(refusal);
  isAway = true;
  expect(await told(other)).toEqual(refusal);
});

test('what is no such record says nothing', async () => {
  const node = onNode();
  const kv = database.connect();
  const texts = ['{', 'null', '7', '{"v":2,"reason":"x"}', '{"v":1,"reason":7}', '"x"'];
  for (const text of [...texts, `{"v":1,"reason":"${'x'.repeat(8 * 1024)}"}`]) {
    await kv.kvSet('save-refused', Buffer.from(text));
    expect(await told(node)).toEqual([]);
  }
  await kv.kvSet('save-refused', Buffer.from(`{"v":1,"reason":"${'x'.repeat(5_000)}"}`));
  expect((await told(node))[0]?.length).toBeLessThan(2_100);
});
