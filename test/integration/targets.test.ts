// Goal: everything that a deployment offers is collected, and what an administrator adds. Method: the
// composed plugin, a server with plugins, a media service and an exporter that asks for a token.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { TargetList } from '../../api/index.ts';
import { PluginRun } from './plugin-fixture.ts';

// Disks take their time on a busy machine.

const calls = 'com.mattermost.calls';
const token = 'hunter2hunter2';

const servers: Server[] = [];
let run: PluginRun;
let nodePort: number;
let mediaPort: number;
let databasePort: number;

/** Serves metrics at these paths and nothing else. */
async function listen(pages: Record<string, string>, authorization?: string): Promise<number> {
  const listener: RequestListener = (request, response) => {
    const page = pages[request.url ?? ''];
    if (authorization !== undefined && request.headers.authorization !== authorization) {
      response.writeHead(401).end();
    } else if (page === undefined) response.writeHead(404).end('404 page not found');
    else response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(page);
  };
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

beforeEach(async () => {
  nodePort = await listen({
    '/metrics': 'server_metric 1\n',
    [`/plugins/${calls}/metrics`]: 'calls_metric 2\n',
    '/plugins/com.example.own/metrics': 'own_metric 3\n',
  });
  mediaPort = await listen({ '/metrics': 'rtcd_metric 4\n' });
  databasePort = await listen({ '/m?all=1': 'pg_up 1\n' }, `Bearer ${token}`);
  run = await PluginRun.create({ port: nodePort });
  run.config.plugins.enabled = [calls, 'com.example.none', 'com.example.own'];
  run.config.plugins.rtcdUrl = `http://id:key@127.0.0.1:${String(mediaPort)}`;
});

afterEach(async () => {
  await run.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Waits until exactly these targets are there, all of them up: `job instance`. */
async function collects(...wanted: string[]): Promise<void> {
  let seen: string[] = [];
  await run
    .eventually('all targets', async () => {
      const { targets } = await run.get<TargetList>('targets');
      seen = targets.map(({ job, instance, state }) => `${job} ${instance} ${state}`).sort();
      return seen.join() ===
        wanted
          .map((one) => `${one} up`)
          .sort()
          .join()
        ? true
        : undefined;
    })
    .catch((cause: unknown) => {
      throw new Error(`targets are ${seen.join()}`, { cause });
    });
}

test('collects plugins, the media service of Calls and what was added', async () => {
  const added = `127.0.0.1:${String(databasePort)}`;
  run.settings = {
    ...run.settings,
    customtargets: `http://${added}/m?all=1 job=postgres secret=db label.role=primary\nhttp://169.254.169.254/`,
    customtargetsecrets: `db bearer ${token}`,
  };
  await run.activate();
  const node = `node-a:${String(nodePort)}`;
  const own = [`prometheus ${node}`, `calls ${node}`, `com.example.own ${node}`];
  await collects(...own, `calls 127.0.0.1:${String(mediaPort)}`, `postgres ${added}`);
  const { targets } = await run.get<TargetList>('targets');
  expect(targets.find(({ job }) => job === 'postgres')).toMatchObject({
    url: `http://${added}/m?…`,
    labels: { job: 'postgres', instance: added, role: 'primary' },
    lastSamples: 1,
  });
  const status = await run.status();
  expect(status.problems.map(({ code }) => code)).toEqual(['SETTING_INVALID']);
  expect(JSON.stringify([status, targets])).not.toMatch(/hunter2|id:key/);

  // The server begins to add its plugins' metrics to its own.
  run.config.plugins.areMetricsAggregated = true;
  run.config.plugins.rtcdUrl = '';
  await run.reconfigure({ customtargets: '' });
  await collects(`prometheus ${node}`);
});

test('tells what is wrong with an added target, and goes on without it', async () => {
  const added = `127.0.0.1:${String(databasePort)}`;
  run.settings = {
    ...run.settings,
    customtargets: `http://${added}/m?all=1 job=refused\nhttp://${added}/ job=unarmed secret=none`,
  };
  await run.activate();
  const refused = await run.target('refused', ({ state }) => state === 'down');
  expect(refused.lastError?.code).toBe('SCRAPE_HTTP_401');
  const unarmed = await run.target('unarmed', ({ state }) => state === 'down');
  expect(unarmed.lastError?.code).toBe('TARGET_ACCESS');
  await run.target('prometheus', ({ state }) => state === 'up');
  const { problems } = await run.status();
  expect(problems.map(({ code }) => code).sort()).toEqual(['SCRAPE_HTTP_401', 'TARGET_ACCESS']);
});

test('makes one problem of forty added targets that fail alike', async () => {
  // Port 1 of addresses that are this machine's alone: each refuses by itself.
  const shut = Array.from({ length: 40 }, (_, i) => `http://127.0.1.${String(i + 1)}:1/ job=shut`);
  run.settings = { ...run.settings, customtargets: shut.join('\n') };
  await run.activate();
  await run.eventually('the failure of all', async () => {
    const { targets } = await run.get<TargetList>('targets');
    const added = targets.filter(({ job }) => job === 'shut');
    return added.length === 40 && added.every(({ state }) => state === 'down') ? true : undefined;
  });
  await run.target('prometheus', ({ state }) => state === 'up');
  const { problems } = await run.status();
  expect(problems).toMatchObject([
    {
      ...{ code: 'SCRAPE_REFUSED', severity: 'error' },
      message: expect.stringMatching(
        /^No data from 40 targets: 127\.0\.1\.1:1 \(shut\), .* and 37 more\. .* Nothing listens/,
      ),
    },
  ]);
});
