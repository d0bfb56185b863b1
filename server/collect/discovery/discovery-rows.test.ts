import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PingWatch, nodesOf, readRows } from './discovery-rows.ts';

const nowMs = 1_700_000_000_000;
const self = { clusterId: '', addresses: [], names: [] };

/** What a database, or whoever writes into it, may put into a column. */
const anything = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.ipV4(),
  fc.ipV6(),
  fc.domain(),
  fc.double(),
  fc.bigInt(),
  fc.uint8Array(),
  fc.boolean(),
  fc.constantFrom(null, undefined, 'fe80::1%eth0', 'user:pass@host', '[::1]', 'mm1', nowMs),
);

test('whatever stands in other rows, two good ones are two nodes', () => {
  const bad = fc.array(
    fc.oneof(fc.array(anything, { maxLength: 6 }), fc.tuple(anything, anything)),
  );
  fc.assert(
    fc.property(bad, fc.nat(3_600_000), (rows, skewMs) => {
      const good = [
        ['good-a', 'good-a.example', nowMs, nowMs - 1000],
        ['good-b', '[fd12:3456::7]', nowMs, nowMs - 2000],
      ];
      const { seen, problems } = readRows([...good, ...rows]);
      const ages = new PingWatch().agesOf(seen, nowMs + skewMs - 1_800_000, 5);
      const { nodes } = nodesOf(seen, ages, self);
      const hosts = nodes.map(({ host }) => host);
      expect(hosts).toEqual(expect.arrayContaining(['good-a.example', 'fd12:3456::7']));
      expect(new Set(hosts).size).toBe(hosts.length);
      for (const { message } of problems) expect(message).toMatch(/^[\x20-\x7e…]*$/);
    }),
  );
});
