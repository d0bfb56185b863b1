import { expect, test } from '@jest/globals';
import { bypassesProxy } from './proxy-bypass.ts';

test('follows the rules of the host for exceptions from the proxy', () => {
  const cases: [host: string, noProxy: string, isBypassed: boolean][] = [
    ['s3.amazonaws.com', '', false],
    ['s3.amazonaws.com', '*', true],
    ['s3.amazonaws.com', 'amazonaws.com', true],
    ['s3.amazonaws.com', 'other, .AMAZONAWS.com ', true],
    ['s3.amazonaws.com', '*.amazonaws.com', true],
    ['amazonaws.com', '.amazonaws.com', false],
    ['notamazonaws.com', 'amazonaws.com', false],
    ['minio', 'minio:9000', true],
    ['minio', 'minio:9001', false],
    ['fd00::1', '[fd00::1]:9000', true],
    ['fd00::1', '[fd00::1]:1', false],
    ['fd00::1', 'fd00::1', true],
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['[fd00::1]', 'fd00::/16', true],
    ['10.1.2.3', '10.0.0.0/99', false],
    ['10.1.2.3', 'nonsense/8', false],
    ['localhost', '', true],
    ['127.0.0.9', '', true],
    ['[::1]', '', true],
  ];
  for (const [host, noProxy, isBypassed] of cases) {
    expect([host, noProxy, bypassesProxy(host, 9000, noProxy)]).toEqual([
      host,
      noProxy,
      isBypassed,
    ]);
  }
});
