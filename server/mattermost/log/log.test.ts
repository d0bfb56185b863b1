import { describe, expect, test } from '@jest/globals';
import { type GobValue, asStruct, emptyStruct } from '../../../lib/gob/index.ts';
import { RpcClient, RpcServer, rpcMethod } from '../../../lib/netrpc/index.ts';
import { FakeClock, type LogFields } from '../../../lib/runtime/index.ts';
import { streamPair } from '../fake-host-fixture.ts';
import { maxLogMessageLength, maxLogValueLength, maxStderrLineBytes } from '../limits.ts';
import { makeLogLine, toStderrLine, toStderrTime } from './log-line.ts';
import { HostLogger } from './log.ts';

const clock = new FakeClock(Date.UTC(2026, 10, 20, 10, 0, 0, 7));

/** A logger and a server whose log calls wait until they are released. */
function connectedLogger(maxQueuedLines = 1000) {
  const stderr: string[] = [];
  const writeError = (text: string) => void stderr.push(text);
  const logger = new HostLogger({ clock, writeError, maxQueuedLines });
  const [near, far] = streamPair();
  const lines: string[] = [];
  const waiting: (() => void)[] = [];
  const gate = { isOpen: true };
  const log = (level: string) =>
    rpcMethod(emptyStruct, async (argument: GobValue) => {
      const { A, B } = asStruct(argument);
      const values = ((B ?? []) as { value: string }[]).map(({ value }) => value);
      lines.push([level, A as string, ...values].join(' '));
      if (!gate.isOpen) await new Promise<void>((resolve) => waiting.push(resolve));
      return {};
    });
  const server = new RpcServer(far, {
    'Plugin.LogDebug': log('debug'),
    'Plugin.LogInfo': log('info'),
    'Plugin.LogWarn': log('warn'),
    'Plugin.LogError': log('error'),
  });
  logger.attach(new RpcClient(near, { clock }));
  const release = () => {
    gate.isOpen = true;
    for (const go of waiting.splice(0)) go();
  };
  return { logger, lines, stderr, gate, release, server };
}

describe('a line', () => {
  const f = (fields: LogFields) => Object.fromEntries(makeLogLine('info', 'm', fields).fields);

  test('carries texts only', () => {
    const error = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    const fields = { n: 1.5, big: 2n ** 60n, ok: true, none: null, skip: undefined, error };
    expect(f(fields)).toEqual({
      n: '1.5',
      big: '1152921504606846976',
      ok: 'true',
      none: 'null',
      error: 'no space (ENOSPC)',
    });
    expect(f({ plain: new Error('x') })).toEqual({ plain: 'x' });
  });

  test('hides what looks secret', () => {
    const secret = 'hunter2';
    const names = [
      'password',
      's3SecretKey',
      'sas_token',
      'Authorization',
      'x-amz-signature',
      'KEY',
      'db-passwd',
      'sessionCookie',
      'awsCredential',
      'credentials',
    ];
    for (const name of names) expect(f({ [name]: secret })).toEqual({ [name]: '[redacted]' });
    const open = { monkey: 'a', keyword: 'b', saskia: 'c', tokens: 'd', password: '' };
    expect(f(open)).toEqual(open);
    const url = 'https://u:hunter2@host/x?sig=hunter2&X-Amz-Signature=hunter2&a=1';
    expect(f({ url })).toEqual({
      url: 'https://u:[redacted]@host/x?sig=[redacted]&X-Amz-Signature=[redacted]&a=1',
    });
    for (const part of ['client_secret', 'access-token', 'password', 'aws_credential', 'key']) {
      const text = f({ url: `https://host/x?a=1&${part}=hunter2` })['url'];
      expect(text).toBe(`https://host/x?a=1&${part}=[redacted]`);
    }
    expect(makeLogLine('info', `cannot get ${url}`).message).not.toContain('hunter2');
    const error = new Error('GET https://x/?access_token=hunter2 failed');
    expect(f({ error })['error']).not.toContain('hunter2');
  });

  test('is bounded, at the limit and one past it', () => {
    const g = (length: number) =>
      makeLogLine('info', 'x'.repeat(length), { v: 'y'.repeat(length) });
    expect(g(maxLogValueLength).fields[0]?.[1]).toBe('y'.repeat(maxLogValueLength));
    expect(g(maxLogValueLength + 1).fields[0]?.[1]).toBe(`${'y'.repeat(maxLogValueLength - 1)}…`);
    expect(g(maxLogMessageLength).message).toHaveLength(maxLogMessageLength);
    expect(g(maxLogMessageLength + 1).message).toMatch(/x…$/);
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`f${String(at)}`, at]));
    expect(makeLogLine('info', 'm', many).fields).toHaveLength(24);
  });

  test('is one JSON object on stderr, whose head no field can change', () => {
    const line = makeLogLine('warn', 'two\nlines', {
      ...{ '@level': 'panic', a: 'b', '@message': 'x', '@@timestamp': 'never' },
    });
    const text = toStderrLine(line, toStderrTime(clock.nowMs()));
    expect(text.endsWith('}\n') && !text.slice(0, -1).includes('\n')).toBe(true);
    expect(JSON.parse(text)).toEqual({
      '@level': 'warn',
      '@message': 'two\nlines',
      '@timestamp': '2026-11-20T10:00:00.007000Z',
      level: 'panic',
      message: 'x',
      a: 'b',
    });
    const control = '\u0001'.repeat(2000);
    const huge = Object.fromEntries(
      Array.from({ length: 24 }, (_, at) => [`f${String(at)}`, control]),
    );
    const cut = toStderrLine(makeLogLine('error', control, huge), toStderrTime(0));
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(maxStderrLineBytes);
    expect(JSON.parse(cut)).toMatchObject({ '@level': 'error', truncated: 'true' });
  });

  test('is cut by the bytes that it takes on stderr, not by its characters', () => {
    const lineOf = (sign: string) => {
      const value = sign.repeat(maxLogValueLength);
      const many = Array.from({ length: 24 }, (_, at) => [`f${String(at)}`, value]);
      const line = makeLogLine('error', 'much', Object.fromEntries(many) as LogFields);
      return JSON.parse(toStderrLine(line, toStderrTime(0))) as Record<string, string>;
    };
    expect(lineOf('x')).toMatchObject({ '@message': 'much', f23: 'x'.repeat(maxLogValueLength) });
    expect(lineOf('€')).toEqual({
      ...{ '@level': 'error', '@message': 'much', '@timestamp': toStderrTime(0) },
      truncated: 'true',
    });
  });
});

describe('HostLogger', () => {
  test('sends lines in order, one at a time', async () => {
    const { logger, lines, gate, release } = connectedLogger();
    gate.isOpen = false;
    logger.debug('one', { a: 1 });
    logger.info('two');
    logger.warn('three');
    logger.error('four');
    await clock.advance(0);
    expect(lines).toEqual(['debug one a 1']);
    release();
    await logger.flush();
    expect(lines).toEqual(['debug one a 1', 'info two', 'warn three', 'error four']);
  });

  test('drops the oldest of the lowest level for a slow server and says how many', async () => {
    const { logger, lines, gate, release } = connectedLogger(3);
    gate.isOpen = false;
    logger.info('in flight');
    for (const name of ['a', 'b', 'c']) logger.debug(name);
    logger.error('kept');
    logger.info('i');
    logger.info('j');
    logger.info('k');
    logger.error('kept too');
    await clock.advance(0);
    release();
    await logger.flush();
    expect(lines).toEqual([
      'info in flight',
      'error kept',
      'info k',
      'error kept too',
      'warn log lines were dropped because the server is slow dropped 5',
    ]);
  });

  test('writes to stderr before and after the connection, losing nothing on the way', async () => {
    const bare: string[] = [];
    new HostLogger({ clock, writeError: (text) => void bare.push(text) }).info('early');
    expect(bare).toHaveLength(1);
    const { logger, stderr, gate, server } = connectedLogger();
    gate.isOpen = false;
    logger.info('one');
    logger.info('two');
    await clock.advance(0);
    await server.close();
    await logger.flush();
    logger.info('three');
    const messages = stderr.map((text) => (JSON.parse(text) as Record<string, string>)['@message']);
    expect(messages).toEqual(['one', 'two', 'three']);
  });

  test('goes on when the server does not answer a line', async () => {
    const { logger, stderr, lines, gate } = connectedLogger();
    gate.isOpen = false;
    logger.info('stuck');
    await clock.advance(0);
    gate.isOpen = true;
    logger.info('next');
    const flushed = logger.flush();
    await clock.advance(2000);
    await flushed;
    await clock.advance(8000);
    await logger.flush();
    expect(lines).toEqual(['info stuck', 'info next']);
    expect(stderr).toHaveLength(1);
    expect(clock.pendingTimers).toBe(0);
  });
});
