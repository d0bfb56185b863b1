// `make deploy`: installs a bundle in a running server and waits until it runs: on every node,
// or over the socket of local mode, which tells of no other, on that server.
// usage: deploy.ts BUNDLE; the server and the user come from the environment, as in Mattermost's own
// plugin tool: MM_LOCALSOCKETPATH, else MM_SERVICESETTINGS_SITEURL with MM_ADMIN_TOKEN or
// MM_ADMIN_USERNAME and MM_ADMIN_PASSWORD.
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { AdminClient, AdminError, type NodeStatus, type ServerAddress } from './admin-client.ts';
import { root } from './command.ts';

/** Where a server in local mode listens when nothing else is configured. */
const defaultSocketPath = '/var/tmp/mattermost_local.socket';

const timeoutMs = 120_000;
const pollMs = 500;

/**
 * The server has started the plugin, or failed to, when it answers that it is enabled; over the socket
 * of local mode it does not say which. This is for a server that is slow to list it.
 */
const localTimeoutMs = 15_000;

const stateRunning = 2;
const statesFailed = [3, 4];

async function findServer(env: NodeJS.ProcessEnv): Promise<ServerAddress> {
  const socketPath = env['MM_LOCALSOCKETPATH'] ?? defaultSocketPath;
  const isSocket = await stat(socketPath).then(
    (found) => found.isSocket(),
    () => false,
  );
  if (isSocket) return { socketPath };
  const siteUrl = env['MM_SERVICESETTINGS_SITEURL'];
  if (siteUrl === undefined || siteUrl === '') {
    throw new Error(
      `no server: ${socketPath} is not a socket (local mode), and MM_SERVICESETTINGS_SITEURL is not set`,
    );
  }
  const token = env['MM_ADMIN_TOKEN'];
  if (token !== undefined && token !== '') return { siteUrl, token };
  const username = env['MM_ADMIN_USERNAME'];
  const password = env['MM_ADMIN_PASSWORD'];
  if (username === undefined || password === undefined) {
    throw new Error('set MM_ADMIN_TOKEN, or MM_ADMIN_USERNAME and MM_ADMIN_PASSWORD');
  }
  return { siteUrl, username, password };
}

async function waitUntilRunning(client: AdminClient, id: string): Promise<NodeStatus[]> {
  for (;;) {
    const nodes = await client.statuses(id);
    const failed = nodes.find(({ state }) => statesFailed.includes(state));
    if (failed !== undefined) {
      const node = failed.cluster_id === '' ? '' : ` on node ${failed.cluster_id}`;
      throw new Error(`the plugin did not start${node}: ${failed.error ?? 'see the server log'}`);
    }
    if (nodes.length > 0 && nodes.every(({ state }) => state === stateRunning)) return nodes;
    await wait(pollMs);
  }
}

/** In local mode a server has no route for the states of plugins, only lists of them. */
async function waitUntilActive(client: AdminClient, id: string): Promise<void> {
  const deadlineMs = performance.now() + localTimeoutMs;
  while (!(await client.isActive(id))) {
    if (performance.now() > deadlineMs) {
      throw new Error(
        "the plugin is installed and enabled and did not start: see the server's log",
      );
    }
    await wait(pollMs);
  }
}

async function enable(client: AdminClient, id: string): Promise<void> {
  try {
    await client.enable(id);
  } catch (cause) {
    if (!(cause instanceof AdminError) || cause.status !== 500) throw cause;
    throw new Error(
      `${cause.message}\nThe plugin is installed and not enabled. A cluster with ClusterSettings.ReadOnlyConfig saves nothing: ` +
        `set PluginSettings.PluginStates["${id}"].Enable in its configuration, then run this again.`,
      { cause },
    );
  }
}

async function deploy(bundlePath: string): Promise<void> {
  const { id } = JSON.parse(await readFile(`${root}plugin.json`, 'utf8')) as { id: string };
  const server = await findServer(process.env);
  const client = new AdminClient(server, AbortSignal.timeout(timeoutMs));
  await client.logIn();
  await client.upload(basename(bundlePath), await readFile(bundlePath));
  // One that ran runs again; to enable it once more would be a save, which not every server takes.
  if (!(await client.isActive(id))) await enable(client, id);
  if (server.socketPath !== undefined) {
    await waitUntilActive(client, id);
    console.log(`${basename(bundlePath)} runs on the server behind ${server.socketPath}`);
    return;
  }
  const nodes = await waitUntilRunning(client, id);
  console.log(`${basename(bundlePath)} runs on ${nodes.length} node(s)`);
}

const bundlePath = process.argv[2];
if (bundlePath === undefined) throw new Error('usage: deploy.ts BUNDLE');
try {
  await deploy(bundlePath);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
