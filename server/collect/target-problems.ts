import { isDeepStrictEqual } from 'node:util';
import { makeProblem, say, type KnownSentence, type Problem } from '../../api/index.ts';
import { alike, listed, nameOf } from './alike.ts';
import { adviceFor } from './reasons.ts';
import { targetUrl, type ScrapeTarget } from './target.ts';

/** A target that brings no data, and why. */
export interface FailedTarget {
  target: ScrapeTarget;
  error: { code: string; sentence: KnownSentence };
}

/**
 * The problems that targets which bring no data are to the administrator. Those that fail alike, and are
 * mended in the same way, are one problem: behind one firewall rule there may be hundreds.
 */
export function targetProblems(failed: readonly FailedTarget[]): Problem[] {
  return alike(failed, causeOf).map((group) => {
    const [{ target, error }] = group;
    const { advice, link } = adviceFor(error.code, target);
    return makeProblem({
      code: error.code,
      severity: 'error',
      message: group.length === 1 ? aloneSentence(group[0]) : togetherSentence(group),
      advice,
      ...(link === undefined ? {} : { link }),
    });
  });
}

/** What went wrong and who can mend it; what is particular to one target, such as a line of its answer, is left out. */
function causeOf({ target, error: { code, sentence } }: FailedTarget): string {
  const { advice, link } = adviceFor(code, target);
  return [code, sentence.id, advice.id, link].join(' ');
}

function aloneSentence({ target, error: { sentence: reason } }: FailedTarget): KnownSentence {
  const { instance, job } = target;
  return say('target.no-data', { instance, job, url: targetUrl(target), reason });
}

function togetherSentence(group: readonly [FailedTarget, ...FailedTarget[]]): KnownSentence {
  const reason = group[0].error.sentence;
  const told = {
    targetCount: group.length,
    targets: listed(group.map(({ target }) => nameOf(target))),
    reason,
  };
  const isOneReason = group.every(({ error }) => isDeepStrictEqual(error.sentence, reason));
  return isOneReason ? say('targets.no-data', told) : say('targets.no-data.various', told);
}
