import { isIPv6 } from 'node:net';
import {
  consolePages,
  makeProblem,
  say,
  type KnownSentence,
  type Problem,
} from '../../../api/index.ts';
import type { Settings } from '../../settings/index.ts';
import { listed } from '../alike.ts';
import type { ClusterNode } from '../discovery/index.ts';
import { maxPluginTargets } from '../limits.ts';
import { type ScrapeTarget, targetKey } from '../target.ts';
import { parseListenAddress, type ListenAddress } from './listen-address.ts';
import { customTargets } from './targets-custom.ts';
import type { MediaService } from './targets-media.ts';

/**
 * From what is known of a deployment to what is to be scraped. Contract: pure; gives targets for any
 * input, each once, and a problem for whatever cannot be scraped as it is configured.
 *
 * | What | job | instance | optional |
 * |---|---|---|---|
 * | server | `prometheus` | node:metrics port | no |
 * | node exporter | `node` | node:NodeExporterPort | yes |
 * | Calls | `calls` | node:metrics port | where it does not run |
 * | any other plugin | its id | node:metrics port | where it serves no metrics |
 * | media service of Calls (RTCD) | `calls` | address:port | no |
 * | custom targets | `custom`, or as set | host:port, or as set | no |
 */

/** The part of the server's configuration that targets are made from. */
export interface DeploymentConfig {
  metrics: { enable: boolean; listenAddress: string };
  cluster: { enable: boolean };
  plugins: { enabled: readonly string[]; areMetricsAggregated: boolean };
}

export type TargetSettings = Pick<
  Settings,
  | 'enableNodeExporterTargets'
  | 'nodeExporterPort'
  | 'customTargets'
  | 'targetSecrets'
  | 'targetCertificates'
>;

export interface Deployment {
  server: DeploymentConfig;
  settings: TargetSettings;
  /** The operating system's name of this machine. */
  hostName: string;
  /** The nodes of the cluster; undefined while they are not known. In a cluster without any: this machine. */
  nodes: readonly ClusterNode[] | undefined;
  /** Where the media service of Calls is; no address when there is none. */
  media: MediaService;
}

/** What is to be scraped, and what an administrator should know about how that was found out. */
export interface TargetSet {
  targets: ScrapeTarget[];
  problems: Problem[];
}

/** One machine with a server on it. */
interface Place {
  /** As it stands in labels. */
  name: string;
  /** As it is connected to. */
  host: string;
  /** Set in a cluster. */
  node: string | undefined;
}

/** The server's default, for a label when the configured address is unusable. */
const defaultMetricsPort = 8067;

const callsId = 'com.mattermost.calls';

/** Ids that the server has a metrics page for. */
const pluginId = /^[A-Za-z0-9_.-]{1,190}$/;

export function deploymentTargets(deployment: Deployment): TargetSet {
  const { server, settings, media } = deployment;
  const address = parseListenAddress(server.metrics.listenAddress);
  const port = address.kind === 'address' ? address.port : defaultMetricsPort;
  const blocked = blockedReason(server, address);
  const problems = blocked === undefined ? [] : [blockedProblem(blocked)];
  problems.push(...clusterProblems(deployment, address));
  const places = placesOf(deployment, address);
  const targets = places.flatMap((place) => {
    const target = serverTarget(place, port);
    return [
      blocked === undefined ? target : { ...target, blocked },
      ...exporterTarget(place, settings),
    ];
  });
  // Whatever the server's listener does not offer, its plugins do not offer either.
  const plugins = blocked === undefined ? pluginsOf(server, problems) : [];
  targets.push(...places.flatMap((place) => plugins.map((id) => pluginTarget(place, port, id))));
  targets.push(...mediaTargets(media, settings));
  problems.push(...media.problems);
  const custom = customTargets(settings);
  problems.push(...custom.problems);
  return withoutDoubles([...targets, ...custom.targets], problems);
}

function placesOf({ server, nodes, hostName }: Deployment, address: ListenAddress): Place[] {
  const own = address.kind === 'address' ? address.host : '127.0.0.1';
  // Under a name of our own now, its series would get another one in a moment.
  if (server.cluster.enable && nodes === undefined) return [];
  if (!server.cluster.enable || nodes === undefined || nodes.length === 0) {
    return [{ name: instanceHost(hostName), host: own, node: undefined }];
  }
  // Through the address that others use, unless the server listens at another one alone.
  const isWildcard = address.kind !== 'address' || address.isWildcard;
  return nodes.map(({ host, isSelf }) => ({
    name: host,
    host: isSelf && !isWildcard ? own : host,
    node: host,
  }));
}

/** A host name that means this machine to others too. */
function instanceHost(hostName: string): string {
  const name = hostName.trim();
  return name === '' || /^localhost(\.|$)/i.test(name) ? 'mattermost' : name;
}

function instanceOf(name: string, port: number): string {
  return `${isIPv6(name) ? `[${name}]` : name}:${String(port)}`;
}

/** What all targets at one place have in common. */
function targetAt({ name, host, node }: Place, port: number): Omit<ScrapeTarget, 'job'> {
  const target = {
    instance: instanceOf(name, port),
    host,
    port,
    path: '/metrics',
    isOptional: true,
  };
  return node === undefined ? target : { ...target, node };
}

const serverJob = 'prometheus';

function serverTarget(place: Place, port: number): ScrapeTarget {
  return { ...targetAt(place, port), job: serverJob, isOptional: false };
}

/** Whether a target is a Mattermost server of this deployment, and not one that somebody added. */
export function isServerTarget({ job, isForeign = false }: ScrapeTarget): boolean {
  return job === serverJob && !isForeign;
}

function exporterTarget(
  place: Place,
  settings: Pick<Settings, 'enableNodeExporterTargets' | 'nodeExporterPort'>,
): ScrapeTarget[] {
  if (!settings.enableNodeExporterTargets) return [];
  return [{ ...targetAt(place, settings.nodeExporterPort), job: 'node' }];
}

function pluginTarget(place: Place, port: number, id: string): ScrapeTarget {
  const target = { ...targetAt(place, port), path: `/plugins/${id}/metrics`, mayBeMissing: true };
  if (id === callsId) return { ...target, job: 'calls' };
  // As the server labels plugins where it adds up their metrics itself.
  return { ...target, job: id, labels: { plugin_id: id } };
}

/**
 * Plugins that may serve metrics: which do, only asking tells. None when the server's own metrics
 * contain theirs already.
 */
function pluginsOf({ plugins }: DeploymentConfig, problems: Problem[]): string[] {
  if (plugins.areMetricsAggregated) return [];
  const ids = [...new Set(plugins.enabled)].filter((id) => pluginId.test(id));
  // Calls first: where there are too many, it is among those that count.
  ids.sort((a, b) => Number(b === callsId) - Number(a === callsId) || (a < b ? -1 : 1));
  if (ids.length > maxPluginTargets) problems.push(tooManyPlugins(ids.length));
  return ids.slice(0, maxPluginTargets);
}

function mediaTargets(media: MediaService, settings: TargetSettings): ScrapeTarget[] {
  const { scheme, name, port, path } = media;
  return media.addresses.flatMap((host): ScrapeTarget[] => {
    const place: Place = { name: host, host, node: undefined };
    const target: ScrapeTarget = {
      ...targetAt(place, port),
      ...{ job: 'calls', path, scheme, serverName: name, isOptional: false },
    };
    return [target, ...exporterTarget(place, settings)];
  });
}

function withoutDoubles(targets: readonly ScrapeTarget[], problems: Problem[]): TargetSet {
  const byKey = new Map<string, ScrapeTarget>();
  for (const target of targets) {
    const key = targetKey(target);
    if (!byKey.has(key)) byKey.set(key, target);
    // A media service on a node shares its node exporter.
    else if (target.isForeign === true) problems.push(doubleProblem(target));
  }
  return { targets: [...byKey.values()], problems };
}

interface Blocked {
  code: 'METRICS_DISABLED' | 'METRICS_ADDRESS';
  sentence: KnownSentence;
}

function blockedReason(server: DeploymentConfig, address: ListenAddress): Blocked | undefined {
  if (!server.metrics.enable) {
    return { code: 'METRICS_DISABLED', sentence: say('metrics.disabled') };
  }
  if (address.kind === 'address') return undefined;
  return { code: 'METRICS_ADDRESS', sentence: address.sentence };
}

function blockedProblem({ code, sentence }: Blocked): Problem {
  return makeProblem({
    code,
    severity: 'error',
    message: sentence,
    advice: say(code === 'METRICS_DISABLED' ? 'metrics.disabled.advice' : 'metrics.address.advice'),
    link: consolePages.performanceMonitoring,
  });
}

function clusterProblems({ server, nodes }: Deployment, address: ListenAddress): Problem[] {
  if (!server.cluster.enable) return [];
  const [first, ...others] = (nodes ?? []).filter(({ isStale }) => isStale);
  const problems = first === undefined ? [] : [staleProblem(first, others)];
  if (address.kind === 'address' && address.isLoopback) problems.push(loopbackProblem);
  return problems;
}

/** One problem for all, as after an update that gave every node another name. */
function staleProblem(first: ClusterNode, others: readonly ClusterNode[]): Problem {
  const { host } = first;
  const hosts = [first, ...others].map((node) => say('node.named', { host: node.host }));
  return makeProblem({
    code: 'NODE_STALE',
    severity: 'warning',
    message:
      others.length === 0
        ? say('node.stale', { host })
        : say('nodes.stale', { nodeCount: hosts.length, nodes: listed(hosts) }),
    advice: say('node.stale.advice'),
    link: consolePages.highAvailability,
  });
}

const loopbackProblem = makeProblem({
  code: 'METRICS_LOOPBACK',
  severity: 'error',
  message: say('metrics.loopback'),
  advice: say('metrics.loopback.advice'),
  link: consolePages.performanceMonitoring,
});

function tooManyPlugins(pluginCount: number): Problem {
  return makeProblem({
    code: 'PLUGINS_TOO_MANY',
    severity: 'warning',
    message: say('plugins.too-many', { pluginCount, limitCount: maxPluginTargets }),
    advice: say('plugins.too-many.advice'),
    link: consolePages.pluginManagement,
  });
}

function doubleProblem({ job, instance }: ScrapeTarget): Problem {
  return makeProblem({
    code: 'TARGET_DUPLICATE',
    severity: 'warning',
    message: say('custom.duplicate', { job, instance }),
    advice: say('custom.duplicate.advice'),
    link: consolePages.plugin,
  });
}
