import { expect, test } from '@jest/globals';
import { inEnglish } from '../../../api/index.ts';
import { parseListenAddress, type ListenAddress } from './listen-address.ts';

test('reads every form of a listen address as what to connect to', () => {
  const f = (text: string, host: string, port: number, about: object = {}) =>
    expect([text, parseListenAddress(text)]).toEqual([
      text,
      { kind: 'address', host, port, isLoopback: false, isWildcard: false, ...about },
    ]);
  const wildcard = { isWildcard: true };
  const loopback = { isLoopback: true };
  f(':8067', '127.0.0.1', 8067, wildcard);
  f('8067', '127.0.0.1', 8067, wildcard);
  f(' :8067 ', '127.0.0.1', 8067, wildcard);
  f('0.0.0.0:8067', '127.0.0.1', 8067, wildcard);
  f('[::]:8067', '127.0.0.1', 8067, wildcard);
  f('[0:0:0:0:0:0:0:0]:8067', '127.0.0.1', 8067, wildcard);
  f('10.0.0.5:8067', '10.0.0.5', 8067);
  f('[fd00::5]:1', 'fd00::5', 1);
  f('[::1]:8067', '::1', 8067, loopback);
  f('127.0.0.2:8067', '127.0.0.2', 8067, loopback);
  f('localhost:8067', '127.0.0.1', 8067, loopback);
  f('host:http', 'host', 80);
  f('metrics.example.com:65535', 'metrics.example.com', 65_535);
});

function messageOf(address: ListenAddress): string {
  return address.kind === 'problem' ? inEnglish(address.sentence) : '';
}

test('says what is wrong with an address that cannot be used', () => {
  const f = (text: string, message: RegExp) =>
    expect(messageOf(parseListenAddress(text))).toMatch(message);
  f('', /empty/);
  f('host', /no port/);
  f('10.0.0.5', /no port/);
  f('::1', /no port/);
  f(':', /port must be from/);
  f(':0', /port must be from/);
  f(':65536', /port must be from/);
  f(':-1', /port must be from/);
  f('host:nosuchservice', /port must be from/);
  f('a b:8067', /not a host/);
  f('http://x:8067', /no port/);
  f(`${'x'.repeat(300)}:1`, /"x{60}…" cannot/);
});
