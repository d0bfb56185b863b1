// A plugin that uses everything of the bridge, for the checks under Mattermost's own supervisor and
// for the measurements beside a plugin in Go.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { serveMattermostPlugin, type Host } from '../../../server/mattermost/index.ts';
import { callEverything } from './every-call.ts';
import { findNodes } from './nodes-route.ts';
import { runSql } from './sql-route.ts';

let host: Host;
const seen = { configurationChanges: 0, events: [] as string[], running: 0, aborted: 0 };
const block = Buffer.alloc(64 * 1024, 'mattermost ');

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

type Route = (
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
) => unknown;

const routes: Record<string, Route> = {
  '/api': async (_request, response) =>
    response.end(JSON.stringify(await callEverything(host.api))),
  '/sql': async (request, response) => response.end(JSON.stringify(await runSql(host, request))),
  '/nodes': async (_request, response) => response.end(JSON.stringify(await findNodes(host))),
  '/seen': (_request, response) => response.end(JSON.stringify({ ...seen, pid: process.pid })),
  '/memory': (_request, response) => {
    collectGarbage();
    response.end(JSON.stringify(process.memoryUsage()));
  },
  '/headers': (request, response) => response.end(JSON.stringify(request.headers)),
  '/small': (_request, response) => response.end(block.subarray(0, 1024)),
  '/kv': async (_request, response) => {
    const value = await host.api.kvGet('small');
    if (value === undefined) await host.api.kvSet('small', block.subarray(0, 100));
    response.end(value);
  },
  '/kv-many': async (_request, response, query) => {
    for (let left = Number(query.get('count')); left > 0; left--) await host.api.kvGet('small');
    response.end();
  },
  '/download': async (_request, response, query) => {
    const size = Number(query.get('size'));
    response.writeHead(200, { 'Content-Length': size });
    await pipeline(Readable.from(blocks(size)), response);
  },
  '/range': (request, response) => {
    const [, from = '0', to = '9'] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const part = block.subarray(Number(from), Number(to) + 1);
    const range = `bytes ${from}-${to}/${block.length}`;
    response.writeHead(206, { 'Content-Length': part.length, 'Content-Range': range });
    response.end(part);
  },
  '/nothing': (_request, response) => response.writeHead(204).end(),
  '/unchanged': (_request, response) => response.writeHead(304, { ETag: '"1"' }).end(),
  '/upload': async (request, response) => {
    let bytes = 0;
    for await (const piece of request) bytes += (piece as Buffer).length;
    response.end(String(bytes));
  },
  '/unread': (_request, response) => response.writeHead(413).end('too large'),
  '/live': (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write('data: first\n\n');
    // Longer than the checks wait; an idle answer cannot learn that its reader has gone.
    setTimeout(() => response.end(), 2500);
  },
  '/break': (_request, response) => {
    response.writeHead(200, { 'Content-Length': 1000 });
    response.write('half', () => setImmediate(() => response.destroy()));
  },
  '/block': (_request, response, query) => {
    const endMs = performance.now() + Number(query.get('ms'));
    while (performance.now() < endMs);
    response.end();
  },
};

function* blocks(size: number): Generator<Buffer> {
  for (let left = size; left > 0; left -= block.length) yield block.subarray(0, left);
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://plugin');
  const route = routes[pathname];
  seen.running++;
  try {
    if (route === undefined) response.writeHead(404).end();
    else await route(request, response, searchParams);
  } catch (error) {
    seen.aborted++;
    host.logger.debug('a route failed', { error: error as Error });
    response.destroy();
  } finally {
    seen.running--;
  }
}

await serveMattermostPlugin({
  pluginId: 'com.example.probe',
  load: () =>
    Promise.resolve({
      onActivate(given) {
        host = given;
        process.stderr.write('{"@level":"warn","@message":"from stderr","number":"5"}\n');
        return Promise.resolve();
      },
      onDeactivate() {
        host.logger.info('deactivated');
        return Promise.resolve();
      },
      onConfigurationChange() {
        seen.configurationChanges++;
        return Promise.resolve();
      },
      configurationWillBeSaved: (settings) =>
        Promise.resolve(settings?.['greeting'] === 'rude' ? 'be polite' : undefined),
      requestListener: (request, response) => void serve(request, response),
      generateSupportData: () =>
        Promise.resolve([{ filename: 'probe/data.bin', body: Buffer.alloc(3_000_000, 7) }]),
      onPluginClusterEvent(event) {
        seen.events.push(event.id);
        return Promise.resolve();
      },
    }),
});
