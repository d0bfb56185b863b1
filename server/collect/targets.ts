import type { Problem } from '../../api/index.ts';
import type { Settings } from '../settings/index.ts';
import { parseListenAddress } from './listen-address.ts';
import { consoleLinks } from './reasons.ts';
import type { ScrapeTarget } from './target.ts';

/** The part of the server's configuration that targets are made from. */
export interface MetricsConfig {
  metrics: { enable: boolean; listenAddress: string };
}

/** What is to be scraped, and what an administrator should know about how that was found out. */
export interface TargetSet {
  targets: ScrapeTarget[];
  problems: Problem[];
}

/** The server's default, for a label when the configured address is unusable. */
const defaultMetricsPort = 8067;

/**
 * Targets of a server that is not in a cluster: itself and, when the setting says so, the node
 * exporter beside it. `hostName` is the operating system's name of the machine; it goes into the
 * `instance` label, so that a second node one day does not rename every series.
 */
export function singleServerTargets(
  config: MetricsConfig,
  settings: Pick<Settings, 'enableNodeExporterTargets' | 'nodeExporterPort'>,
  hostName: string,
): TargetSet {
  const node = instanceHost(hostName);
  const address = parseListenAddress(config.metrics.listenAddress);
  const host = address.kind === 'address' ? address.host : '127.0.0.1';
  const port = address.kind === 'address' ? address.port : defaultMetricsPort;
  const problems: Problem[] = [];
  const server: ScrapeTarget = {
    job: 'prometheus',
    instance: `${node}:${String(port)}`,
    host,
    port,
    path: '/metrics',
    isOptional: false,
  };
  if (!config.metrics.enable) {
    server.blocked = {
      code: 'METRICS_DISABLED',
      message: 'Performance monitoring is switched off, so the server offers no metrics.',
    };
  } else if (address.kind === 'problem') {
    server.blocked = { code: 'METRICS_ADDRESS', message: address.message };
  }
  if (server.blocked !== undefined) problems.push(blockedProblem(server.blocked));
  const targets = [server];
  if (settings.enableNodeExporterTargets) {
    targets.push({
      job: 'node',
      instance: `${node}:${String(settings.nodeExporterPort)}`,
      host,
      port: settings.nodeExporterPort,
      path: '/metrics',
      isOptional: true,
    });
  }
  return { targets, problems };
}

function blockedProblem(blocked: { code: string; message: string }): Problem {
  return {
    code: blocked.code,
    severity: 'error',
    message: blocked.message,
    advice:
      blocked.code === 'METRICS_DISABLED'
        ? 'Switch on Enable Performance Monitoring in Environment > Performance Monitoring.'
        : 'Correct the Listen Address in Environment > Performance Monitoring, for example :8067.',
    link: consoleLinks.performanceMonitoring,
  };
}

/** A host name that means this machine to others too. */
function instanceHost(hostName: string): string {
  const name = hostName.trim();
  return name === '' || /^localhost(\.|$)/i.test(name) ? 'mattermost' : name;
}
