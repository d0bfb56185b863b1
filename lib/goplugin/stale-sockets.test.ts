import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { staleSocketMs } from './limits.ts';
import { removeStaleSockets } from './stale-sockets.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
let parent = '';
const servers: Server[] = [];

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'stale-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await closed(server);
  await rm(parent, { recursive: true });
});

const closed = (server: Server) => new Promise((resolve) => server.close(resolve));

function listening(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => server.listen(path, () => resolve(server)));
}

/** A socket that nobody listens on any more: one whose file has moved is not removed by its server. */
async function deadSocket(path: string): Promise<void> {
  const server = await listening(`${path}-alive`);
  await rename(`${path}-alive`, path);
  await closed(server);
}

/** A directory that was last changed `ageMs` ago. */
async function f(name: string, fill: (path: string) => Promise<unknown>, ageMs = staleSocketMs) {
  const directory = join(parent, name);
  await mkdir(directory);
  await fill(join(directory, 's'));
  const changed = new Date(nowMs - ageMs);
  await utimes(directory, changed, changed);
  await removeStaleSockets(parent, nowMs);
  return existsSync(directory) ? 'stays' : 'goes';
}

test('removes the socket of a plugin that died before its host came', async () => {
  expect(await f('plugin-aB3xYz', deadSocket)).toBe('goes');
});

test('leaves what a living plugin, a young one or somebody else has made', async () => {
  const live = async (path: string) => servers.push(await listening(path));
  expect(await f('plugin-alive1', live)).toBe('stays');
  expect(await f('plugin-young1', deadSocket, staleSocketMs - 1)).toBe('stays');
  expect(await f('plugin-future', deadSocket, -staleSocketMs)).toBe('stays');
  expect(await f('plugin-file01', (path) => writeFile(path, ''))).toBe('stays');
  expect(await f('plugin-empty1', () => Promise.resolve())).toBe('stays');
  expect(await f('plugin-other', deadSocket)).toBe('stays');
  const more = async (path: string) => {
    await deadSocket(path);
    await writeFile(`${path}2`, '');
  };
  expect(await f('plugin-more01', more)).toBe('stays');
  await symlink(join(parent, 'plugin-more01'), join(parent, 'plugin-link01'));
  await removeStaleSockets(join(parent, 'missing'), nowMs);
  await removeStaleSockets(parent, nowMs);
  expect(existsSync(join(parent, 'plugin-link01', 's'))).toBe(true);
});
