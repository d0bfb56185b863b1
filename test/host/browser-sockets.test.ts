// Goal: events reach the browsers that they are for, as the server hands them out. Method: Node's own
// client on the other end.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { User } from './accounts.ts';
import { BrowserSockets } from './browser-sockets.ts';

const person = (id: string, isAdmin: boolean): User => {
  return { id, username: id, password: id, isAdmin, permissions: [] };
};
const users = [person('admin', true), person('reader', false), person('other', false)];

let server: Server;
let sockets: BrowserSockets;

beforeEach(async () => {
  sockets = new BrowserSockets();
  server = createServer();
  server.on('upgrade', (request, socket) => {
    const user = users.find(({ id }) => request.url === `/${id}`);
    sockets.accept(request, socket, user);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});

afterEach(async () => {
  sockets.close();
  await new Promise<void>((done) => server.close(() => done()));
});

interface Heard {
  socket: WebSocket;
  messages: unknown[];
  /** Resolves with so many messages. */
  after: (count: number) => Promise<unknown[]>;
}

async function connect(id: string): Promise<Heard> {
  const { port } = server.address() as AddressInfo;
  const socket = new WebSocket(`ws://127.0.0.1:${String(port)}/${id}`);
  const messages: unknown[] = [];
  let onMessage = () => {};
  socket.addEventListener('message', ({ data }) => {
    messages.push(JSON.parse(data as string));
    onMessage();
  });
  const after = (count: number) =>
    new Promise<unknown[]>((done) => {
      onMessage = () => {
        if (messages.length >= count) done(messages);
      };
      onMessage();
    });
  await new Promise((done, failed) => {
    socket.addEventListener('open', done);
    socket.addEventListener('error', () => failed(new Error('refused')));
  });
  return { socket, messages, after };
}

const event = (name: string, to: { isForAdmins?: boolean; userId?: string } = {}) => {
  return { name, payload: {}, isForAdmins: false, userId: '', ...to };
};

test('hands an event to whom it is for: everybody, administrators, one user', async () => {
  const [admin, reader, other] = [
    await connect('admin'),
    await connect('reader'),
    await connect('other'),
  ];
  sockets.send(event('sensitive', { isForAdmins: true }));
  sockets.send(event('own', { userId: 'reader' }));
  sockets.send(event('end'));
  const names = async ({ after }: Heard, count: number) =>
    (await after(count)).map((message) => (message as { event: string }).event);
  expect(await names(admin, 3)).toEqual(['hello', 'sensitive', 'end']);
  expect(await names(reader, 3)).toEqual(['hello', 'own', 'end']);
  expect(await names(other, 2)).toEqual(['hello', 'end']);
  expect(other.messages).toEqual([
    { event: 'hello', data: {}, seq: 0 },
    { event: 'end', data: {}, seq: 1 },
  ]);
});

test('sends what is longer than the shortest frames, at each length where they differ', async () => {
  const { after } = await connect('admin');
  // Around the most that the second byte holds, less what stands around the name.
  const lengths = [92, 93, 94, 95, 96, 97, 98, 300, 65_000];
  for (const length of lengths) sockets.send(event('x'.repeat(length)));
  const messages = (await after(lengths.length + 1)).slice(1) as { event: string }[];
  expect(messages.map((message) => message.event.length)).toEqual(lengths);
});

test('answers the end of a browser, and refuses who is not signed in', async () => {
  const { socket } = await connect('admin');
  const ended = new Promise<CloseEvent>((done) => socket.addEventListener('close', done));
  socket.close();
  expect((await ended).wasClean).toBe(true);
  await expect(connect('nobody')).rejects.toThrow('refused');
});
