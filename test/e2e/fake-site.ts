import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { consolePagePath, consolePages } from './console-pages.ts';
import { FakeApi } from './fake-api.ts';
import { CSRF_TOKEN } from './fake-http.ts';
import { FakeServer } from './fake-server.ts';

export const PLUGIN_ID = 'com.mattermost.mattermost-plugin-metrics';

/** A site on a free loopback port: the console's page, the plugin's script and the scripted API. */
export interface FakeSite {
  api: FakeApi;
  server: FakeServer;
  /** Address of the plugin's page. */
  pageUrl: string;
  close: () => Promise<void>;
}

export interface FakeSiteOptions {
  /** File of the built webapp script. */
  bundleFile: string;
  basename?: string;
  /** The server's clock; that of the machine when absent. */
  nowMs?: () => number;
  /** The page's script, when it is built already. */
  script?: Promise<string>;
}

export async function startFakeSite(options: FakeSiteOptions): Promise<FakeSite> {
  const { bundleFile, basename = '', nowMs = () => Date.now() } = options;
  const api = new FakeApi(nowMs);
  const bundlePath = `/static/plugins/${PLUGIN_ID}/main.js`;
  const mattermost = new FakeServer(PLUGIN_ID, bundlePath);
  const apiPath = `${basename}/plugins/${PLUGIN_ID}/api/v1`;
  const pages = consolePages({
    pluginId: PLUGIN_ID,
    basename,
    ...(options.script && { script: options.script }),
    setCookies: ['MMAUTHTOKEN=the-session; Path=/; HttpOnly', `MMCSRF=${CSRF_TOKEN}; Path=/`],
  });
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    if (path.startsWith(`${apiPath}/`)) {
      api.handle(request, response, path.slice(apiPath.length));
    } else if (path.startsWith(`${basename}/api/v4/`)) {
      void mattermost.handle(request, response, path.slice(`${basename}/api/v4`.length));
    } else if (path === basename + bundlePath) {
      response.writeHead(200, { 'Content-Type': 'text/javascript' });
      response.end(readFileSync(bundleFile));
    } else {
      pages(request, response);
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    api,
    server: mattermost,
    pageUrl: `http://127.0.0.1:${String(port)}${basename}${consolePagePath(PLUGIN_ID)}`,
    close: () => closeServer(server),
  };
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((done) => {
    server.close(() => {
      done();
    });
  });
}
