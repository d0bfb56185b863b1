import type { Problem } from '../../api/index.ts';
import { targetUrl, type ScrapeTarget } from './target.ts';

/** Paths inside System Console. */
export const consoleLinks = {
  performanceMonitoring: '/admin_console/environment/performance_monitoring',
  license: '/admin_console/about/license',
  plugin: '/admin_console/plugins/plugin_com.mattermost.mattermost-plugin-metrics',
} as const;

interface Advice {
  advice: string;
  link?: string;
}

const checkServer: Advice = {
  advice:
    'Check that the server runs and that the Listen Address in Environment > Performance Monitoring is the one it was started with; a changed address needs a restart.',
  link: consoleLinks.performanceMonitoring,
};
const checkExporter: Advice = {
  advice: 'Check that the exporter runs and that its port is open to this server.',
};
const freeDisk: Advice = {
  advice: 'Free disk space for the plugin’s data directory; collecting resumes by itself.',
};

/** What to do about a failed scrape of `target`. */
export function adviceFor(code: string, target: ScrapeTarget): Advice {
  const isServer = target.job === 'prometheus';
  switch (code) {
    case 'SCRAPE_HTTP_404':
      return isServer
        ? {
            advice:
              'The server offers metrics only with a licence that includes performance monitoring: check Edition and License.',
            link: consoleLinks.license,
          }
        : checkExporter;
    case 'SCRAPE_TIMEOUT':
      return {
        advice:
          'The target is overloaded or something on the way drops its packets; if it is only slow, raise ScrapeTimeoutSeconds.',
        link: consoleLinks.plugin,
      };
    case 'SCRAPE_DNS':
      return { advice: 'Check that this server’s name service knows the host.' };
    case 'SCRAPE_BODY_LIMIT':
      return { advice: 'Raise BodySizeLimitBytes if the target is to be trusted.' };
    case 'SCRAPE_SAMPLE_LIMIT':
      return { advice: 'Raise SampleLimit, or find out why the target has so many series.' };
    case 'SCRAPE_SERIES_LIMIT':
      return {
        advice: 'Find out which target has so many series; nothing new is stored above the cap.',
      };
    case 'SCRAPE_PARSE':
      return {
        advice: 'Report the line to whoever makes the exporter; nothing of such a body is stored.',
      };
    case 'SCRAPE_DISK_FULL':
    case 'SCRAPE_STORE_FAILED':
      return freeDisk;
    case 'SCRAPE_CLOCK_BACKWARDS':
      return {
        advice:
          'Check the time service of this server; collecting resumes when the clock has caught up.',
      };
    default:
      return isServer ? checkServer : checkExporter;
  }
}

/** The problem that a target which brings no data is to the administrator. */
export function targetProblem(
  target: ScrapeTarget,
  error: { code: string; message: string },
): Problem {
  const { advice, link } = adviceFor(error.code, target);
  const problem: Problem = {
    code: error.code,
    severity: 'error',
    message: `No data from ${target.instance} (${target.job}, ${targetUrl(target)}): ${error.message}`,
    advice,
  };
  return link === undefined ? problem : { ...problem, link };
}
