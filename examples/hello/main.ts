// A whole server plugin: a hook (the server's configuration changed), a route (/hello) and a value in
// the key-value store (how often it was greeted). docs/plugin-sdk.md explains it line by line.
import {
  serveMattermostPlugin,
  type Host,
  type PluginHooks,
} from '../../server/mattermost/index.ts';

const visitsKey = 'visits';

/** Counts one visit. Every node of a cluster counts in the same place, so a lost race is tried again. */
async function countVisit({ api }: Host): Promise<number> {
  for (;;) {
    const stored = await api.kvGet(visitsKey);
    const visits = Number(Buffer.from(stored ?? '0').toString()) + 1;
    if (await api.kvCompareAndSet(visitsKey, stored, Buffer.from(String(visits)))) return visits;
  }
}

async function createPlugin(): Promise<PluginHooks> {
  let host: Host;
  let greeting = 'Hello';
  return {
    async onConfigurationChange({ api }) {
      const settings = await api.loadPluginConfiguration();
      greeting = typeof settings['greeting'] === 'string' ? settings['greeting'] : 'Hello';
    },
    async onActivate(activeHost) {
      host = activeHost;
      host.logger.info('hello is active', { server: await host.api.getServerVersion() });
    },
    requestListener(request, response) {
      const user = request.headers['mattermost-user-id'];
      if (request.url !== '/hello') return void response.writeHead(404).end();
      if (user === undefined) return void response.writeHead(401).end();
      countVisit(host).then(
        (visits) => response.end(`${greeting}, this is visit ${visits}\n`),
        (error: unknown) => {
          host.logger.error('a visit was not counted', { error: error as Error });
          response.writeHead(500).end();
        },
      );
    },
  };
}

await serveMattermostPlugin({ pluginId: 'com.example.hello', load: createPlugin });
