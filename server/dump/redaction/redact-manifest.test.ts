import { expect, test } from '@jest/globals';
import { hostsIn, redactManifest } from './redact-manifest.ts';
import { Redactor } from './redactor.ts';

const host = expect.stringMatching(/^host-[0-9a-f]{16}$/) as unknown;
const id = expect.stringMatching(/^[0-9a-f]{26}$/) as unknown;
const message = expect.stringMatching(/^host-[0-9a-f]{16} is away$/) as unknown;

test('has an alias for each word that its place makes a host, an id or a message about hosts', () => {
  const redactor = new Redactor(new Uint8Array(32).fill(7));
  redactor.learn('harbour');
  const told = redactManifest(
    {
      ...{ node: 'harbour', host: 'harbour', instance: 'harbour', nodes: ['harbour', 'harbour'] },
      ...{ id: 'short', licenseId: 'licence' },
      ...{ message: 'harbour is away', detail: 'harbour is away', warnings: ['harbour is away'] },
      targets: [{ url: 'https://harbour:8067/metrics', labels: { user: 'ann', job: 'harbour' } }],
    },
    redactor,
  );
  expect(told).toEqual({
    ...{ node: host, host, instance: host, nodes: [host, host], id, licenseId: id },
    ...{ message, detail: message, warnings: [message] },
    targets: [
      {
        url: expect.stringMatching(/^https:\/\/host-[0-9a-f]{16}:8067\/metrics$/) as unknown,
        labels: { user: id, job: 'harbour' },
      },
    ],
  });
  const originals = Object.values(redactor.aliases()).sort();
  expect(originals).toEqual(['ann', 'harbour', 'licence', 'short']);
});

test('finds a host in a URL that is a mere word behind nothing', () => {
  const redactor = new Redactor(new Uint8Array(32));
  redactor.learn('harbour');
  expect(redactManifest({ url: 'harbour' }, redactor)).toEqual({ url: host });
  expect(redactManifest({ other: 'harbour' }, redactor)).toEqual({ other: 'harbour' });
});

test('leaves facts of the archive itself as they are, whatever they look like', () => {
  const redactor = new Redactor(new Uint8Array(32));
  redactor.learn('harbour');
  const kept = {
    ...{ format: 'harbour', jobId: 'abcdefghijklmnopqrstuvwxy3', path: 'harbour:80/index' },
    ...{ sha256: 'harbour', ulid: 'harbour', sources: ['harbour'], reason: 'harbour' },
    ...{ code: 'harbour', state: 'harbour', mode: 'harbour', timeZone: 'harbour' },
    ...{ type: 'harbour', unit: 'harbour', sku: 'harbour', count: 3, none: null, is: true },
  };
  expect(redactManifest(kept, redactor)).toEqual(kept);
  expect(redactor.aliases()).toEqual({});
});

test('names the hosts that it is to find', () => {
  const told = {
    node: 'a',
    list: [{ host: 'b', instance: 'c:1' }],
    nodes: ['d'],
    url: 'http://e:2/x',
    text: 'f',
  };
  expect(hostsIn(told)).toEqual(['a', 'b', 'c:1', 'd', 'e:2']);
  expect(hostsIn({ url: 'no address' })).toEqual([]);
});
