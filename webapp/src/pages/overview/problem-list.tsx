import React, { type ReactNode } from 'react';
import type { ApiError, Problem, Status } from '../../../../api/index.ts';
import { Details } from '../../components/details.tsx';
import { ServerText } from '../../components/server-text.tsx';
import { Notice } from '../../components/notice.tsx';
import { consoleLink } from '../../host/site.ts';
import { useTelling } from '../../i18n/use-sentence.ts';
import { useText } from '../../i18n/use-text.ts';
import { manifest } from '../../manifest.ts';
import { showSetting } from '../settings/show-setting.ts';
import { EnableMetrics } from './enable-metrics.tsx';
import { sortProblems } from './health.ts';

/** The problem that a failing sync is: it says why, so that the error need not be told beside it. */
const syncFailedCode = 'SYNC_FAILED';

/** Everything that wants attention, worst first, each with what to do. */
export function ProblemList({ status, onMended }: { status: Status; onMended: () => void }) {
  const say = useText();
  const tell = useTelling();
  const { problems, sync } = status;
  const isSyncSaid = problems.some(
    ({ code }) => code === syncFailedCode || code === sync.lastError?.code,
  );
  if (problems.length === 0 && sync.lastError === null) {
    return null;
  }
  return (
    <ul className="mmx-problems">
      {sortProblems(problems).map((problem, i) => (
        <li key={`${problem.code} ${String(i)}`}>
          <ProblemNotice problem={problem}>
            {problem.code === 'METRICS_DISABLED' && status.can.write && (
              <EnableMetrics onEnabled={onMended} />
            )}
            {problem.code === syncFailedCode && sync.lastError !== null && (
              <SyncDetails error={sync.lastError} />
            )}
          </ProblemNotice>
        </li>
      ))}
      {sync.lastError !== null && !isSyncSaid && (
        <li>
          <Notice
            tone="warning"
            title={say('mmx.sync.failed.title', { message: tell(sync.lastError) })}
          >
            <p className="mmx-notice__advice">{say('mmx.sync.failed.advice')}</p>
            <SyncDetails error={sync.lastError} />
          </Notice>
        </li>
      )}
    </ul>
  );
}

function SyncDetails({ error: { code, detail } }: { error: ApiError }) {
  return <Details text={`code: ${code}\ndetail: ${detail}`} />;
}

/** Leads to the page where a problem is mended, or to the place on this one. */
function WayToMend({ link, problem }: { link: string; problem: Problem }) {
  const say = useText();
  if (link !== window.location.pathname) {
    return (
      <a className="mmx-link" href={link}>
        {say('mmx.problems.open')}
      </a>
    );
  }
  return (
    <button
      type="button"
      className="mmx-link"
      onClick={() => {
        // The English texts, which every node tells, have the names of settings as they are.
        showSetting(manifest.id, `${problem.message} ${problem.advice}`);
      }}
    >
      {say('mmx.problems.here')}
    </button>
  );
}

function ProblemNotice({ problem, children }: { problem: Problem; children: ReactNode }) {
  const say = useText();
  const link = consoleLink(problem.link);
  const severity = say(
    problem.severity === 'error' ? 'mmx.problems.error' : 'mmx.problems.warning',
  );
  return (
    <Notice
      tone={problem.severity}
      title={
        <>
          <span className="mmx-notice__severity">{severity}:</span>{' '}
          <ServerText text={problem.message} sentence={problem.sentences?.message} />
        </>
      }
    >
      <p className="mmx-notice__advice">
        <ServerText text={problem.advice} sentence={problem.sentences?.advice} />{' '}
        {link !== null && <WayToMend link={link} problem={problem} />}
      </p>
      {children}
      <p className="mmx-notice__code">
        <code>{problem.code}</code>
        {problem.node !== undefined && (
          <span className="mmx-muted"> {say('mmx.problems.node', { node: problem.node })}</span>
        )}
      </p>
    </Notice>
  );
}
