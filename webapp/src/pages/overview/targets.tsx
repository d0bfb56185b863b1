import React from 'react';
import type { ApiError, Gap, Target, TargetList } from '../../../../api/index.ts';
import { FailureNotice } from '../../components/failure-notice.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { StatusWord } from '../../components/status-word.tsx';
import { ServerText } from '../../components/server-text.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { formatAge, formatCount, formatDuration } from '../../format.ts';
import { performancePageLink } from '../../host/site.ts';
import { useTelling } from '../../i18n/use-sentence.ts';
import { useLocale, useText } from '../../i18n/use-text.ts';
import type { LiveResource } from '../../polling/use-resource.ts';
import { useTimes } from '../../zone/use-times.ts';
import type { Tone } from './health.ts';
import { ScrapePicture } from './scrape-picture.tsx';
import { inOrder, targetKind } from './target-kind.ts';

const COLUMNS = 6;

export interface TargetsProps {
  targets: LiveResource<TargetList>;
  /** True when a failure is shown above already; then it is not shown twice. */
  isSaidAbove: boolean;
  serverNowMs: number;
}

/** The scraped addresses, with what the last scrape brought or why it brought nothing. */
export function Targets({ targets, isSaidAbove, serverNowMs }: TargetsProps) {
  const say = useText();
  const { value, error } = targets;
  return (
    <div className="mmx-block">
      <h3 className="mmx-heading">{say('mmx.targets.caption')}</h3>
      {error !== null && !isSaidAbove && (
        <FailureNotice failure={error} onRetry={targets.refresh} />
      )}
      {value === null && error === null && (
        <Skeleton label={say('mmx.overview.loading')} rows={2} />
      )}
      {value !== null && (
        <>
          <TargetTable targets={value.targets} serverNowMs={serverNowMs} />
          {value.targets.length > 0 && (
            <p className="mmx-muted mmx-legend">{say('mmx.targets.legend')}</p>
          )}
        </>
      )}
    </div>
  );
}

function TargetTable({ targets, serverNowMs }: { targets: Target[]; serverNowMs: number }) {
  const say = useText();
  return (
    <TableFrame label={say('mmx.targets.caption')}>
      <table className="table mmx-table">
        <caption className="mmx-hidden">{say('mmx.targets.caption')}</caption>
        <thead>
          <tr>
            <th scope="col">{say('mmx.targets.target')}</th>
            <th scope="col">{say('mmx.targets.state')}</th>
            <th scope="col">{say('mmx.targets.scraped')}</th>
            <th scope="col" className="mmx-number">
              {say('mmx.targets.duration')}
            </th>
            <th scope="col" className="mmx-number">
              {say('mmx.targets.samples')}
            </th>
            <th scope="col">{say('mmx.targets.recent')}</th>
          </tr>
        </thead>
        <tbody>
          {targets.length === 0 && (
            <tr>
              <td colSpan={COLUMNS} className="mmx-table__empty">
                <div>
                  {say('mmx.targets.none')}{' '}
                  <a className="mmx-link" href={performancePageLink()}>
                    {say('mmx.targets.none.link')}
                  </a>
                </div>
              </td>
            </tr>
          )}
          {inOrder(targets).map((target) => (
            <TargetRows key={`${target.job} ${target.instance}`} {...{ target, serverNowMs }} />
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

const tones: Record<Target['state'], Tone> = {
  up: 'good',
  down: 'error',
  unknown: 'busy',
  absent: 'neutral',
};

function TargetRows({ target, serverNowMs }: { target: Target; serverNowMs: number }) {
  const say = useText();
  const locale = useLocale();
  const { lastDurationMs, lastError, lastSamples, lastScrapeMs } = target;
  const hasMore = lastError !== null || target.gaps.length > 0;
  return (
    <>
      <tr className={hasMore ? 'mmx-table__first' : undefined}>
        <th scope="row" className="mmx-target" title={target.url}>
          <TargetName job={target.job} instance={target.instance} />
        </th>
        <td>
          <StatusWord tone={tones[target.state]}>{say(`mmx.targets.${target.state}`)}</StatusWord>
        </td>
        <td>
          {lastScrapeMs === null
            ? '–'
            : say('mmx.tile.age', { age: formatAge(serverNowMs - lastScrapeMs) })}
        </td>
        <td className="mmx-number">
          {lastDurationMs === null ? '–' : formatDuration(lastDurationMs, locale)}
        </td>
        <td className="mmx-number">
          {lastSamples === null ? '–' : formatCount(lastSamples, locale)}
        </td>
        <td>
          <ScrapePicture outcomes={target.recent} />
        </td>
      </tr>
      {hasMore && (
        <tr className="mmx-table__more">
          <td colSpan={COLUMNS}>
            {lastError !== null && <LastError target={target} error={lastError} />}
            {target.gaps.length > 0 && <Gaps gaps={target.gaps} />}
          </td>
        </tr>
      )}
    </>
  );
}

/** What it is, in words where the plugin knows it, and by what it is called in dumps. */
function TargetName({ job, instance }: Pick<Target, 'job' | 'instance'>) {
  const say = useText();
  const kind = targetKind(job);
  return (
    <>
      <div>{kind === null ? job : say(`mmx.targets.kind.${kind}`)}</div>
      <div className="mmx-target__names">
        {kind !== null && <>{job}, </>}
        {instance}
      </div>
    </>
  );
}

interface LastErrorProps {
  target: Target;
  error: ApiError;
}

/** Reasons with which no answer came: of all others it is known that the address works. */
const unanswered: ReadonlySet<string> = new Set([
  'SCRAPE_DNS',
  'SCRAPE_REFUSED',
  'SCRAPE_RESET',
  'SCRAPE_TIMEOUT',
  'SCRAPE_TLS',
  'SCRAPE_TRUNCATED',
  'SCRAPE_UNREACHABLE',
]);

/** What to do about it is told among the problems; here stands what becomes of the target meanwhile. */
function LastError({ target, error }: LastErrorProps) {
  const say = useText();
  const isAbsent = target.state === 'absent';
  return (
    <p className={isAbsent ? 'mmx-table__note' : 'mmx-table__error'}>
      <ServerText text={error.message} sentence={error.sentence} />{' '}
      {say(isAbsent ? 'mmx.targets.absent.advice' : 'mmx.targets.advice')}{' '}
      {!isAbsent && unanswered.has(error.code) && (
        <>{say('mmx.targets.reach', { url: target.url })} </>
      )}
      <code>{error.code}</code>
    </p>
  );
}

function Gaps({ gaps }: { gaps: Gap[] }) {
  const say = useText();
  const tell = useTelling();
  const times = useTimes();
  return (
    <details className="mmx-details">
      <summary>{say('mmx.targets.gaps', { count: gaps.length })}</summary>
      <ul className="mmx-list">
        {gaps.map((gap) => {
          const values = { message: tell(gap), missed: gap.missedScrapes };
          return (
            <li key={gap.fromMs}>
              {gap.toMs === null
                ? say('mmx.targets.gap.open', { from: times.time(gap.fromMs), ...values })
                : say('mmx.targets.gap', {
                    range: times.range(gap.fromMs, gap.toMs),
                    ...values,
                  })}{' '}
              <code>{gap.reason}</code>
            </li>
          );
        })}
      </ul>
    </details>
  );
}
