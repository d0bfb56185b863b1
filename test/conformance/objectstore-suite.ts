// The suite of lib/objectstore over real servers; `check-objectstore.ts` starts them and runs this by jest.
import { afterAll, expect, test } from '@jest/globals';
import { describeObjectStore, keysOf } from '../../lib/objectstore/conformance-fixture.ts';
import { readObject, type ObjectStore } from '../../lib/objectstore/index.ts';
import { objectStoreServers } from './objectstore-servers.ts';

const opened: { close(): Promise<void> }[] = [];
afterAll(async () => {
  for (const store of opened) await store.close();
});

for (const { name, open } of objectStoreServers(process.env)) {
  let stores = 0;
  describeObjectStore(name, (): Promise<ObjectStore> => {
    // An empty store for each test is a path prefix of its own.
    const store = open(`suite ${String(stores++)}/`);
    opened.push(store);
    return Promise.resolve(store);
  });

  // Files, which versitygw keeps objects in, have no names that begin with a slash.
  const slashed = name === 'versitygw' ? [] : ['/a/'];
  test.each([...slashed, '', 'a', 'a b', 'ä/日本', 'a+b%20c&d'])(
    `${name} keeps objects below the prefix "%s"`,
    async (prefix) => {
      const store = open(prefix);
      opened.push(store);
      const key = `prefixes/${String(stores++)} é/object`;
      await store.put(key, new TextEncoder().encode(prefix));
      expect(new TextDecoder().decode(await readObject(store, key))).toBe(prefix);
      expect(await keysOf(store, 'prefixes/')).toEqual([key]);
      // Where the server's own client would look for it.
      const bare = open('');
      opened.push(bare);
      const name = [prefix.replace(/\/$/, ''), key].filter((part) => part !== '').join('/');
      if (!prefix.startsWith('/')) expect(await keysOf(bare, name)).toEqual([name]);
      await store.delete(key);
      expect(await keysOf(store, 'prefixes/')).toEqual([]);
    },
  );

  test(`${name} lists more keys than one answer has`, async () => {
    const store = open(`many ${String(stores++)}`);
    opened.push(store);
    const keys = Array.from({ length: 1005 }, (_, at) => `d/${String(at).padStart(5, '0')}/object`);
    const left = [...keys];
    const lane = async () => {
      for (let key = left.pop(); key !== undefined; key = left.pop()) {
        await store.put(key, new Uint8Array(1));
      }
    };
    await Promise.all(Array.from({ length: 8 }, lane));
    expect(await keysOf(store, '')).toEqual(keys);
    let folded = 0;
    for await (const entry of store.list({ prefix: 'd/', delimiter: '/' })) {
      if (entry.kind === 'prefix') folded++;
    }
    expect(folded).toBe(1005);
  }, 300_000);
}
