// Serves pre-rendered, pre-compressed bodies on several ports, so that exporting costs little.
// Every client gets them in the same order. usage: exporter-child.ts PORTS BODIES SHAPE
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { BodyMaker, type BodyShape } from './body-maker.ts';
import { report } from './child.ts';

export interface ExporterReady {
  ports: number[];
}

/** The answer to any message: bodies served so far, by the first word of the User-Agent. */
export type ServedBodies = Record<string, number>;

const [ports = '1', bodies = '64', shape = ''] = process.argv.slice(2);

const total: ServedBodies = {};

async function serve(seed: number): Promise<number> {
  const maker = new BodyMaker(seed, JSON.parse(shape) as BodyShape);
  const compressed = maker.many(Number(bodies)).map((body) => gzipSync(body, { level: 1 }));
  const served = new Map<string, number>();
  const server = createServer((request, response) => {
    const client = /^\w+/.exec(request.headers['user-agent'] ?? '')?.[0] ?? '';
    total[client] = (total[client] ?? 0) + 1;
    const count = served.get(client) ?? 0;
    served.set(client, count + 1);
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
    response.setHeader('content-encoding', 'gzip');
    response.end(compressed[count % compressed.length]);
  });
  server.keepAliveTimeout = 300_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const listening: number[] = [];
for (let i = 0; i < Number(ports); i++) listening.push(await serve(i + 1));
process.on('message', () => {
  report(total);
});
report({ ports: listening } satisfies ExporterReady);
