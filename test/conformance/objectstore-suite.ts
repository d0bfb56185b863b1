// The suite of lib/objectstore over real servers; `objectstore.ts` starts them and runs this by jest.
import { afterAll } from '@jest/globals';
import { describeObjectStore } from '../../lib/objectstore/conformance-fixture.ts';
import type { ObjectStore } from '../../lib/objectstore/index.ts';
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
}
