import { expect, test } from '@jest/globals';
import { FakeClock, silentLogger } from '../../lib/runtime/index.ts';
import { RecentLog } from './recent-log.ts';

test('remembers warnings and errors without secrets, and hands every line on', () => {
  const clock = new FakeClock(1000);
  const handed: string[] = [];
  const note = (message: string) => void handed.push(message);
  const log = new RecentLog(clock, { debug: note, info: note, warn: note, error: note });
  log.debug('one');
  log.info('two');
  log.warn('three', { s3SecretKey: 'x', url: 'http://a:b@c/' });
  log.error('four', { error: Object.assign(new Error('no'), { code: 'E' }) });
  expect(handed).toEqual(['one', 'two', 'three', 'four']);
  expect(log.lines()).toEqual([
    {
      ...{ level: 'warn', message: 'three', atMs: 1000, times: 1 },
      fields: [
        ['s3SecretKey', '[redacted]'],
        ['url', 'http://a:[redacted]@c/'],
      ],
    },
    { level: 'error', message: 'four', atMs: 1000, times: 1, fields: [['error', 'no (E)']] },
  ]);
});

test('keeps the newest fifty, and counts what repeats itself', async () => {
  const clock = new FakeClock(0);
  const log = new RecentLog(clock, silentLogger);
  for (let at = 0; at < 60; at++) log.warn(`line ${String(at)}`);
  expect(log.lines()).toHaveLength(50);
  expect(log.lines()[0]?.message).toBe('line 10');
  for (let at = 0; at < 3; at++) {
    await clock.advance(1000);
    log.warn('again', { code: 'A' });
  }
  log.warn('again', { code: 'B' });
  expect(log.lines().slice(-2)).toMatchObject([
    { message: 'again', times: 3, atMs: 3000 },
    { message: 'again', times: 1 },
  ]);
  expect(log.lines()).toHaveLength(50);
});
