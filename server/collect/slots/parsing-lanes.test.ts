import { expect, test } from '@jest/globals';
import { ParsingLanes, type ParsingLane } from './parsing-lanes.ts';

/** Work that ends when it is told to. */
function make(lanes: ParsingLanes, log: string[], name: string) {
  const end = Promise.withResolvers<string>();
  let lane: ParsingLane | undefined;
  const result = lanes.pass(async (own) => {
    log.push(`${name} starts`);
    lane = own;
    return end.promise;
  });
  const stepAside = async () => {
    await lane?.stepAside();
    log.push(`${name} goes on`);
  };
  return { result, stepAside, end };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
}

test('bodies take turns; one that takes long lets the others by', async () => {
  const lanes = new ParsingLanes();
  const log: string[] = [];
  const long = make(lanes, log, 'long');
  const longer = make(lanes, log, 'longer');
  const quick = make(lanes, log, 'quick');
  await turns();
  expect(log).toEqual(['long starts']);
  void long.stepAside();
  await turns();
  expect(log).toEqual(['long starts', 'long goes on', 'longer starts']);
  // The lane of those that take long has one place, too.
  void longer.stepAside();
  await turns();
  expect(log.slice(3)).toEqual(['quick starts']);
  quick.end.resolve('q');
  expect(await quick.result).toBe('q');
  long.end.resolve('l');
  expect(await long.result).toBe('l');
  await turns();
  expect(log.slice(4)).toEqual(['longer goes on']);
  longer.end.reject(new Error('bad body'));
  await expect(longer.result).rejects.toThrow('bad body');
  const next = make(lanes, log, 'next');
  await turns();
  next.end.resolve('n');
  expect(await next.result).toBe('n');
});

test('a failure at once frees the lane', async () => {
  const lanes = new ParsingLanes();
  await expect(lanes.pass(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await lanes.pass(async () => 1)).toBe(1);
});
