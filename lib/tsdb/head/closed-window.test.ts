import { expect, test } from '@jest/globals';
import { pageBytes } from './arena.ts';
import { ClosedWindow, type PageStore } from './closed-window.ts';

/** Pages in a list, with a switch that makes writing fail. */
function listStore(): { store: PageStore; state: { fail: boolean; closed: number } } {
  const pages: Uint8Array<ArrayBuffer>[] = [];
  const state = { fail: false, closed: 0 };
  const store: PageStore = {
    write(page, bytes) {
      if (state.fail) return Promise.reject(new Error('disk says no'));
      pages[page] = bytes.slice();
      return Promise.resolve();
    },
    read: (page) => Promise.resolve(pages[page]!),
    close() {
      state.closed++;
      return Promise.resolve();
    },
  };
  return { store, state };
}

/** A window with chunks of 1,000 bytes that fill two pages and a bit. */
function filledWindow(): ClosedWindow {
  const window = new ClosedWindow(0);
  for (let at = 0; at < 600; at++) {
    const data = new DataView(new Uint8Array(1000).fill(at % 251).buffer);
    data.setUint16(0, 1);
    window.add(at, at, at, data, 0, data.byteLength);
  }
  return window;
}

async function check(window: ClosedWindow): Promise<void> {
  for (let at = 0; at < window.count; at++) {
    const address = window.address[at]!;
    const page = await window.page(Math.floor(address / pageBytes));
    expect(page[(address % pageBytes) + 2]).toBe(at % 251);
  }
}

test('gives back pages that were moved out, and keeps those that could not be', async () => {
  const window = filledWindow();
  const { store, state } = listStore();
  const open = () => Promise.resolve(store);
  expect(window.fullPages).toBe(2);
  state.fail = true;
  await expect(window.moveOut(open)).rejects.toThrow('disk says no');
  expect(window.fullPages).toBe(2);
  await check(window);
  state.fail = false;
  await window.moveOut(open);
  expect(window.fullPages).toBe(1);
  await check(window);
  await window.moveOut(open);
  expect(window.fullPages).toBe(0);
  await check(window);
});

test('leaves no store open when it ends while one is being opened', async () => {
  const window = filledWindow();
  const { store, state } = listStore();
  await window.moveOut(async () => {
    await window.close();
    return store;
  });
  expect(state.closed).toBe(1);
  await window.close();
  expect(state.closed).toBe(2);
});
