import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** Exporters that misbehave, in a process of their own: prints the port and serves until killed. */

/** Lines of distinct series of one metric, made once. */
const million = Buffer.from(
  Array.from({ length: 1_100_000 }, (_, at) => `m{i="${String(at)}"} 1\n`).join(''),
);

let names = 0;

const answers: Record<string, (response: ServerResponse) => void> = {
  '/endless': (response) => stream(response, () => Buffer.from('a{b="c"} 1\n'.repeat(6000))),
  '/ten-million': (response) => {
    let at = 0;
    stream(response, () => {
      let text = '';
      for (const end = Math.min(at + 2000, 10_000_000); at < end; at++) {
        text += `t{id="${String(at)}",and="a label that makes it longer"} 1\n`;
      }
      return text === '' ? undefined : Buffer.from(text);
    });
  },
  '/million': (response) => response.end(million),
  '/value': (response) => response.end(`v{b="${'x'.repeat(1_000_000)}"} 1\n`),
  '/line': (response) => response.end(`v{b="${'x'.repeat(2_000_000)}"} 1\n`),
  '/names': (response) => {
    const own = String(names++);
    response.end(
      Array.from(
        { length: 5000 },
        (_, at) => `# HELP n${own}_${String(at)} Help.\nn${own}_${String(at)} 1\n`,
      ).join(''),
    );
  },
  '/trickle': (response) => {
    response.flushHeaders();
    void trickle(response);
  },
  '/silent': () => undefined,
};

async function trickle(response: ServerResponse): Promise<void> {
  while (!response.destroyed) {
    await pause(1000);
    response.write('#');
  }
}

/** Sends chunks for as long as the other side takes them and there are any. */
function stream(response: ServerResponse, next: () => Buffer | undefined): void {
  const send = () => {
    let chunk = next();
    while (chunk !== undefined && !response.destroyed && response.write(chunk)) chunk = next();
    if (chunk === undefined) response.end();
  };
  response.on('drain', send);
  send();
}

const server = createServer((request, response) => {
  response.setHeader('Content-Type', 'text/plain; version=0.0.4');
  answers[request.url ?? '']?.(response);
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${String((server.address() as AddressInfo).port)}\n`);
});
