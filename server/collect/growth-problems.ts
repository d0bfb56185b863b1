import {
  consolePages,
  makeProblem,
  say,
  type KnownSentence,
  type Problem,
} from '../../api/index.ts';
import { alike, listed, nameOf } from './alike.ts';
import type { CutOff } from './ingest/index.ts';
import type { ScrapeTarget } from './target.ts';

/** What of a target is not stored because it grows too fast. */
export interface CutTarget {
  target: ScrapeTarget;
  cutOff: CutOff;
}

/**
 * The problems that metrics, or targets, with too many new series are: one for all targets where the
 * same metric has them, as after an update of all servers.
 */
export function growthProblems(cut: readonly CutTarget[]): Problem[] {
  const kind = ({ cutOff: { limit, metric } }: CutTarget) => JSON.stringify([limit, metric]);
  return alike(cut, kind).map((group) =>
    makeProblem({
      code: 'SERIES_GROWTH',
      severity: 'warning',
      message: group.length === 1 ? aloneSentence(group[0]) : togetherSentence(group),
      advice: say('growth.advice'),
      link: consolePages.plugin,
    }),
  );
}

function aloneSentence({ target: { instance, job }, cutOff }: CutTarget): KnownSentence {
  const { limit: limitCount, metric, untilMs: untilTime } = cutOff;
  const told = { instance, job, limitCount, untilTime };
  return metric === undefined ? say('growth.all', told) : say('growth.metric', { metric, ...told });
}

function togetherSentence(group: readonly [CutTarget, ...CutTarget[]]): KnownSentence {
  const { limit: limitCount, metric } = group[0].cutOff;
  const told = {
    limitCount,
    targetCount: group.length,
    targets: listed(group.map(({ target }) => nameOf(target))),
    untilTime: Math.max(...group.map(({ cutOff }) => cutOff.untilMs)),
  };
  return metric === undefined
    ? say('growth.all.targets', told)
    : say('growth.metric.targets', { metric, ...told });
}

/** The problem that a full store is: new series are not stored. */
export function seriesLimitProblem(maxSeries: number): Problem {
  return makeProblem({
    code: 'SCRAPE_SERIES_LIMIT',
    severity: 'error',
    message: say('series-limit', { limitCount: maxSeries }),
    advice: say('series-limit.advice'),
    link: consolePages.plugin,
  });
}
