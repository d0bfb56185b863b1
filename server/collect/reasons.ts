import { consolePages, say, type KnownSentence } from '../../api/index.ts';
import type { ScrapeTarget } from './target.ts';

/** What to do, and where. */
export interface Advice {
  advice: KnownSentence;
  link?: string;
}

const checkServer: Advice = {
  advice: say('target.check-server'),
  link: consolePages.performanceMonitoring,
};
const checkExporter: Advice = {
  advice: say('target.check-exporter'),
  link: consolePages.plugin,
};
const checkPlugin: Advice = {
  advice: say('target.check-plugin'),
  link: consolePages.pluginManagement,
};
const checkService: Advice = {
  advice: say('target.check-service'),
};
const checkLicense: Advice = {
  advice: say('target.check-license'),
  link: consolePages.license,
};

/** What to do, by code, whatever the target is. */
const advices: Readonly<Record<string, Advice>> = {
  SCRAPE_TIMEOUT: {
    advice: say('target.slow'),
    link: consolePages.plugin,
  },
  SCRAPE_DNS: { advice: say('target.check-dns') },
  SCRAPE_TLS: {
    advice: say('target.check-certificate'),
    link: consolePages.plugin,
  },
  SCRAPE_FORBIDDEN: { advice: say('target.correct-address'), link: consolePages.plugin },
  SCRAPE_CONTENT_TYPE: {
    advice: say('target.check-path'),
    link: consolePages.plugin,
  },
  SCRAPE_HTTP_401: {
    advice: say('target.check-credentials'),
    link: consolePages.plugin,
  },
  SCRAPE_HTTP_403: {
    advice: say('target.check-rights'),
    link: consolePages.plugin,
  },
  SCRAPE_BODY_LIMIT: {
    advice: say('target.raise-body-limit'),
    link: consolePages.plugin,
  },
  SCRAPE_BODY_BUDGET: {
    advice: say('target.lower-body-limit'),
    link: consolePages.plugin,
  },
  SCRAPE_MEMORY_LIMIT: {
    advice: say('target.shorten-answers'),
    link: consolePages.plugin,
  },
  SCRAPE_SAMPLE_LIMIT: {
    advice: say('target.raise-sample-limit'),
    link: consolePages.plugin,
  },
  SCRAPE_SERIES_LIMIT: {
    advice: say('target.find-series'),
    link: consolePages.plugin,
  },
  SCRAPE_LABEL_LIMIT: {
    advice: say('target.raise-label-limit'),
    link: consolePages.plugin,
  },
  SCRAPE_LABEL_NAME_LIMIT: {
    advice: say('target.raise-label-name-limit'),
    link: consolePages.plugin,
  },
  SCRAPE_LABEL_VALUE_LIMIT: {
    advice: say('target.raise-label-value-limit'),
    link: consolePages.plugin,
  },
  SCRAPE_PARSE: {
    advice: say('target.report-line'),
  },
  SCRAPE_DISK_FULL: {
    advice: say('target.free-disk'),
  },
  SCRAPE_STORE_FAILED: {
    advice: say('target.check-disk'),
  },
  SCRAPE_CLOCK_BACKWARDS: {
    advice: say('target.check-clock'),
  },
};

/** What to do about a failed scrape of `target`. */
export function adviceFor(code: string, target: ScrapeTarget): Advice {
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
