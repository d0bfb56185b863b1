import { beforeEach, expect, test } from '@jest/globals';
import { EventReaders } from './event-readers.ts';

let nowMs: number;
let told: string[];
let readers: EventReaders;

beforeEach(() => {
  nowMs = 1_000;
  told = [];
  readers = new EventReaders({
    clock: { monotonicMs: () => nowMs },
    tell: (userId) => void told.push(userId),
  });
});

const idOf = (name: string) => name.padEnd(26, '0');
const minuteMs = 60_000;

test('knows who has asked, for five minutes after the last time', () => {
  readers.asked('a');
  nowMs += 4 * minuteMs;
  readers.asked('b');
  readers.asked('a');
  nowMs += 5 * minuteMs - 1;
  expect(readers.current()).toEqual(['b', 'a']);
  nowMs += 1;
  expect(readers.current()).toEqual([]);
});

test('tells the other nodes at once, and again every other minute', () => {
  const askedAt: number[] = [];
  for (let at = 0; at < 10; at++) {
    readers.asked('a');
    if (told.length > askedAt.length) askedAt.push(at);
    nowMs += minuteMs / 2;
  }
  expect(askedAt).toEqual([0, 4, 8]);
});

test('knows who has asked another node, and tells nobody of it', () => {
  readers.learned({ userId: idOf('a') });
  expect([readers.current(), told]).toEqual([[idOf('a')], []]);
  readers.asked(idOf('a'));
  expect(told).toEqual([idOf('a')]);
});

test('does not listen to what is no id', () => {
  for (const body of [null, undefined, 'a', [], {}, { userId: 7 }, { userId: '' }]) {
    readers.learned(body);
  }
  readers.learned({ userId: `${idOf('a')}0` });
  readers.learned({ userId: idOf('A') });
  expect(readers.current()).toEqual([]);
});

test('whoever is refused is not told any more', () => {
  readers.asked('a');
  readers.asked('b');
  readers.refused('a');
  expect(readers.current()).toEqual(['b']);
  readers.asked('a');
  expect(told).toEqual(['a', 'b', 'a']);
});

test('32 at most: who was quiet longest goes', () => {
  for (let at = 0; at < 32; at++) readers.asked(String(at));
  expect(readers.current()).toHaveLength(32);
  readers.asked('0');
  readers.learned({ userId: idOf('new') });
  expect(readers.current()).toHaveLength(32);
  expect(readers.current().slice(-2)).toEqual(['0', idOf('new')]);
  expect(readers.current()).not.toContain('1');
});
