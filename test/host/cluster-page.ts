import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { consolePagePath } from '../e2e/console-pages.ts';
import type { ClusterWatch } from './cluster-watch.ts';
import { pluginId, type DemoNode } from './demo-node.ts';

const pageFile = fileURLToPath(new URL('cluster-page.html', import.meta.url));

const actions: Record<string, { done: string; run: (node: DemoNode) => Promise<unknown> }> = {
  kill: {
    done: 'was killed (kill -9)',
    run: ({ host }) => host.active(pluginId).process.crash(),
  },
  stop: { done: 'was disabled', run: ({ host }) => host.disable(pluginId) },
  start: {
    done: 'was started',
    // One that was killed is found by the health check, here without waiting for it.
    run: ({ host }) => {
      const plugin = host.plugin(pluginId);
      return plugin.active === undefined ? host.enable(pluginId) : plugin.checkHealth();
    },
  },
};

/** A page that shows every node's mode and lets a person kill, disable and enable its plugin. */
export async function startClusterPage(
  nodes: readonly DemoNode[],
  watch: ClusterWatch,
  port: number,
): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    answer(nodes, watch, request, response).catch((error: unknown) => {
      response.writeHead(500, { 'Content-Type': 'text/plain' }).end(String(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  nodes: readonly DemoNode[],
  watch: ClusterWatch,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url ?? '/';
  if (request.method === 'GET' && path === '/') {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
    response.end(await readFile(pageFile));
    return;
  }
  if (request.method === 'GET' && path === '/cluster.json') {
    const consolePath = consolePagePath(pluginId);
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ nodes: watch.views(), events: watch.events, consolePath }));
    return;
  }
  const [, name, verb = ''] = /^\/nodes\/([\d.]+)\/(\w+)$/.exec(path) ?? [];
  const node = nodes.find((candidate) => candidate.name === name);
  const action = actions[verb];
  if (request.method !== 'POST' || node === undefined || action === undefined) {
    response.writeHead(404).end();
    return;
  }
  await action.run(node);
  watch.note(`the plugin of ${node.name} ${action.done}`);
  response.writeHead(204).end();
}
