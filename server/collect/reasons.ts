import { consolePages, type Problem } from '../../api/index.ts';
import type { CutOff } from './series-growth.ts';
import { targetUrl, type ScrapeTarget } from './target.ts';

interface Advice {
  advice: string;
  link?: string;
}

const checkServer: Advice = {
  advice:
    'Check that the server runs and that the Listen Address in Environment > Performance Monitoring is the one it was started with; a changed address needs a restart.',
  link: consolePages.performanceMonitoring,
};
const checkExporter: Advice = {
  advice: 'Check that the exporter runs and that its port is open to this server.',
  link: consolePages.plugin,
};
const checkPlugin: Advice = {
  advice: 'Check that this plugin runs; the server log has more.',
  link: consolePages.pluginManagement,
};
const checkService: Advice = {
  advice: 'Check that the service runs and that its port is open to this server.',
};
const checkLicense: Advice = {
  advice:
    'The server offers metrics only with a licence that includes performance monitoring: check Edition and License.',
  link: consolePages.license,
};

/** What to do, by code, whatever the target is. */
const advices: Readonly<Record<string, Advice>> = {
  SCRAPE_TIMEOUT: {
    advice:
      'The target is overloaded or something on the way drops its packets; if it is only slow, raise ScrapeTimeoutSeconds.',
    link: consolePages.plugin,
  },
  SCRAPE_DNS: { advice: 'Check that this server’s name service knows the host.' },
  SCRAPE_TLS: {
    advice:
      'Check the target’s certificate, its name and its time; a certificate of your own goes into CustomTargetCertificates.',
    link: consolePages.plugin,
  },
  SCRAPE_FORBIDDEN: { advice: 'Correct the address of the target.', link: consolePages.plugin },
  SCRAPE_CONTENT_TYPE: {
    advice: 'Check the path of the target: it must answer as Prometheus exporters do.',
    link: consolePages.plugin,
  },
  SCRAPE_HTTP_401: {
    advice: 'Check the credentials of the target in CustomTargetSecrets.',
    link: consolePages.plugin,
  },
  SCRAPE_HTTP_403: {
    advice: 'Check the credentials of the target in CustomTargetSecrets, and what they may do.',
    link: consolePages.plugin,
  },
  SCRAPE_BODY_LIMIT: {
    advice: 'Raise BodySizeLimitBytes if the target is to be trusted.',
    link: consolePages.plugin,
  },
  SCRAPE_SAMPLE_LIMIT: {
    advice: 'Raise SampleLimit, or find out why the target has so many series.',
    link: consolePages.plugin,
  },
  SCRAPE_SERIES_LIMIT: {
    advice: 'Find out which target has so many series; nothing new is stored above the cap.',
    link: consolePages.plugin,
  },
  SCRAPE_LABEL_LIMIT: {
    advice: 'Raise LabelLimit if the target is to be trusted, or drop the metric with DropRules.',
    link: consolePages.plugin,
  },
  SCRAPE_LABEL_NAME_LIMIT: {
    advice: 'Raise LabelNameLengthLimit, or drop the metric with DropRules.',
    link: consolePages.plugin,
  },
  SCRAPE_LABEL_VALUE_LIMIT: {
    advice: 'Raise LabelValueLengthLimit, or drop the metric with DropRules.',
    link: consolePages.plugin,
  },
  SCRAPE_PARSE: {
    advice: 'Report the line to whoever makes the exporter; nothing of such a body is stored.',
  },
  SCRAPE_DISK_FULL: {
    advice: 'Free disk space for the plugin’s data directory; collecting resumes by itself.',
  },
  SCRAPE_STORE_FAILED: {
    advice: 'Check the disk below the plugin’s data directory; collecting resumes by itself.',
  },
  SCRAPE_CLOCK_BACKWARDS: {
    advice:
      'Check the time service of this server; collecting resumes when the clock has caught up.',
  },
};

/** What to do about a failed scrape of `target`. */
function adviceFor(code: string, target: ScrapeTarget): Advice {
  const isServer = target.job === 'prometheus' && target.isForeign !== true;
  if (isServer && code === 'SCRAPE_HTTP_404') return checkLicense;
  return advices[code] ?? (isServer ? checkServer : whoeverServes(target));
}

/** What to look at when nothing more is known than that a target does not answer as it should. */
function whoeverServes({ isForeign = false, job, path }: ScrapeTarget): Advice {
  // What the settings of this plugin name, they can also name otherwise.
  if (isForeign || job === 'node') return checkExporter;
  return path.startsWith('/plugins/') ? checkPlugin : checkService;
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

/** The problem that a metric, or a target, with too many new series is. */
export function growthProblem(target: ScrapeTarget, cutOff: CutOff): Problem {
  const what = cutOff.metric === undefined ? 'All metrics together' : `The metric ${cutOff.metric}`;
  const until = new Date(cutOff.untilMs).toISOString().slice(0, 16).replace('T', ' ');
  return {
    code: 'SERIES_GROWTH',
    severity: 'warning',
    message: `${what} of ${target.instance} (${target.job}) brought ${String(cutOff.limit)} new series within an hour: further ones are not stored until ${until} UTC. Known series go on.`,
    advice:
      'Look at GET /api/v1/cardinality for the label with the many values; drop it with DropRules, have the exporter mended, or raise MetricGrowthLimit.',
    link: consolePages.plugin,
  };
}

/** The problem that a full store is: new series are not stored. */
export function seriesLimitProblem(maxSeries: number): Problem {
  return {
    code: 'SCRAPE_SERIES_LIMIT',
    severity: 'error',
    message: `The store is full, it may hold ${String(maxSeries)} series: new ones are not stored, known ones go on.`,
    advice:
      'Look at GET /api/v1/cardinality for the largest metrics and drop what nobody needs with DropRules; room comes back within hours.',
    link: consolePages.plugin,
  };
}
