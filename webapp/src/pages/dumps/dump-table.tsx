import React, { Fragment, useState } from 'react';
import type { Dump } from '../../../../api/index.ts';
import { useApi } from '../../api/context.ts';
import { Button, buttonClass } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { Progress } from '../../components/progress.tsx';
import { StatusWord } from '../../components/status-word.tsx';
import { Time, TimeRange } from '../../components/time.tsx';
import { ServerText } from '../../components/server-text.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { formatBytes, formatShortCount, wholePercent } from '../../format.ts';
import { useLocale, useText } from '../../i18n/use-text.ts';
import type { Tone } from '../overview/health.ts';
import { useTimes } from '../../zone/use-times.ts';
import { isActive } from './flow.ts';
import { FailureAdvice, FailureDetails } from './dump-failure.tsx';
import { OptionNotes } from './option-notes.tsx';
import { notesOfDump } from './options.ts';
import { phaseText } from './phases.ts';
import { useOwners } from './use-owners.ts';

const COLUMNS = 6;

/** Rows shown before somebody asks for older ones. */
const PAGE_ROWS = 50;

export interface DumpTableProps {
  dumps: Dump[];
  canWrite: boolean;
  /** Whether what aliases stand for may be seen. */
  canUnmask: boolean;
  onDelete: (dump: Dump) => void;
  onCancel: (dump: Dump) => void;
}

export function DumpTable({ dumps, ...rest }: DumpTableProps) {
  const say = useText();
  const [rows, setRows] = useState(PAGE_ROWS);
  const owners = useOwners(dumps);
  return (
    <>
      <TableFrame label={say('mmx.list.caption')}>
        <table className="table mmx-table mmx-dumps">
          <caption className="mmx-hidden">{say('mmx.list.caption')}</caption>
          <thead>
            <tr>
              <th scope="col">{say('mmx.list.created')}</th>
              <th scope="col">{say('mmx.list.range')}</th>
              <th scope="col">{say('mmx.list.status')}</th>
              <th scope="col" className="mmx-number">
                {say('mmx.list.samples')}
              </th>
              <th scope="col">{say('mmx.list.archive')}</th>
              <th scope="col">
                <span className="mmx-hidden">{say('mmx.list.actions')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {dumps.length === 0 && (
              <tr>
                <td colSpan={COLUMNS} className="mmx-table__empty">
                  <div>
                    <strong>{say('mmx.list.empty')}</strong>{' '}
                    {rest.canWrite && say('mmx.list.empty.advice')}
                  </div>
                </td>
              </tr>
            )}
            {dumps.slice(0, rows).map((dump) => (
              <Fragment key={dump.id}>
                <DumpRow {...rest} dump={dump} owner={owners.get(dump.createdBy) ?? null} />
                {(dump.error !== null || dump.warnings.length > 0) && <DumpNotes dump={dump} />}
              </Fragment>
            ))}
          </tbody>
        </table>
      </TableFrame>
      {dumps.length > rows && (
        <Button
          look="quiet"
          isSmall
          onClick={() => {
            setRows(rows + PAGE_ROWS);
          }}
        >
          {say('mmx.list.more')}
        </Button>
      )}
    </>
  );
}

interface DumpRowProps extends Omit<DumpTableProps, 'dumps'> {
  dump: Dump;
  /** Name of who asked for it; null while it is not known. */
  owner: string | null;
}

function DumpRow({ dump, owner, canWrite, canUnmask, onDelete, onCancel }: DumpRowProps) {
  const say = useText();
  const locale = useLocale();
  const times = useTimes();
  const range = dump.actual ?? dump.requested;
  const name = say('mmx.list.of', { range: times.range(range.fromMs, range.toMs) });
  return (
    <tr>
      <th scope="row" className="mmx-table__plain mmx-table__created">
        <Time ms={dump.createdAtMs} />
        <Owner name={owner} />
      </th>
      <td className="mmx-table__range">
        <TimeRange fromMs={range.fromMs} toMs={range.toMs} />
        <OptionNotes notes={notesOfDump(dump)} />
      </td>
      <td>
        <DumpStatus dump={dump} />
      </td>
      <td className="mmx-number" data-column={say('mmx.list.samples')}>
        {dump.samples === null ? '–' : formatShortCount(dump.samples, locale)}
      </td>
      <td className="mmx-dumps__archive">
        <Archive {...{ dump, name, canWrite }} />
        {canUnmask && <Aliases {...{ dump, name }} />}
        {dump.expiresAtMs !== null && dump.state === 'ready' && (
          <div className="mmx-table__kept">
            {say('mmx.list.kept')} <Time ms={dump.expiresAtMs} />
          </div>
        )}
      </td>
      <td className="mmx-table__actions">
        {canWrite && isActive(dump) && (
          <Button
            look="quiet"
            isSmall
            onClick={() => {
              onCancel(dump);
            }}
          >
            {say('mmx.list.cancel')}
            <span className="mmx-hidden"> {name}</span>
          </Button>
        )}
        {canWrite && !isActive(dump) && (
          <Button
            look="quiet-danger"
            isSmall
            onClick={() => {
              onDelete(dump);
            }}
          >
            <Icon name="delete" />
            {say('mmx.list.delete')}
            <span className="mmx-hidden"> {name}</span>
          </Button>
        )}
      </td>
    </tr>
  );
}

/** Who asked for a dump, where it is known. */
function Owner({ name }: { name: string | null }) {
  const say = useText();
  return name === null ? null : (
    <div className="mmx-table__owner">{say('mmx.list.by', { name })}</div>
  );
}

const tones: Record<Dump['state'], Tone> = {
  queued: 'neutral',
  running: 'busy',
  ready: 'good',
  failed: 'error',
  cancelled: 'neutral',
};

function DumpStatus({ dump }: { dump: Dump }) {
  const say = useText();
  const percent = wholePercent(dump.progress.percent);
  const phase = say(phaseText(dump.progress.phase));
  return (
    <>
      <StatusWord tone={tones[dump.state]}>{say(`mmx.list.${dump.state}`, { percent })}</StatusWord>
      {dump.state === 'running' && (
        <Progress
          isSmall
          percent={percent}
          label={say('mmx.flow.progress')}
          valueText={say('mmx.flow.text', { percent, phase })}
        />
      )}
    </>
  );
}

/** What went wrong or is worth knowing, below the row it belongs to. */
function DumpNotes({ dump }: { dump: Dump }) {
  const say = useText();
  return (
    <tr className="mmx-table__more">
      <td colSpan={COLUMNS}>
        {dump.error !== null && (
          <div className="mmx-table__error">
            <p className="mmx-notice__advice">
              <ServerText text={dump.error.message} sentence={dump.error.sentence} />
            </p>
            <FailureAdvice dump={dump} />
            <FailureDetails dump={dump} />
          </div>
        )}
        {dump.warnings.length > 0 && (
          <details className="mmx-details">
            <summary>{say('mmx.list.warnings', { count: dump.warnings.length })}</summary>
            <ul className="mmx-list">
              {dump.warnings.map((warning, i) => (
                <li key={warning}>
                  <ServerText text={warning} sentence={dump.warningSentences?.[i]} />
                </li>
              ))}
            </ul>
          </details>
        )}
      </td>
    </tr>
  );
}

/** A plain link for those who may have the archive; otherwise its size, or why there is none. */
function Archive({ dump, name, canWrite }: { dump: Dump; name: string; canWrite: boolean }) {
  const say = useText();
  const api = useApi();
  const locale = useLocale();
  if (dump.state !== 'ready') {
    return (
      <span className="mmx-muted">
        {say(isActive(dump) ? 'mmx.list.notyet' : 'mmx.list.nothing')}
      </span>
    );
  }
  if (!canWrite) {
    return <>{dump.sizeBytes === null ? '–' : formatBytes(dump.sizeBytes, locale)}</>;
  }
  return (
    <a
      className={buttonClass('secondary', true)}
      href={api.archiveUrl(dump.id)}
      download={dump.fileName}
      title={dump.fileName}
    >
      <Icon name="download" />
      {dump.sizeBytes === null
        ? say('mmx.list.download.plain')
        : say('mmx.list.download', { size: formatBytes(dump.sizeBytes, locale) })}
      <span className="mmx-hidden"> {name}</span>
    </a>
  );
}

/** What stands for what in a redacted dump: kept here, for those who may have the originals. */
function Aliases({ dump, name }: { dump: Dump; name: string }) {
  const say = useText();
  const api = useApi();
  if (dump.redaction === 'none' || dump.state !== 'ready') {
    return null;
  }
  return (
    <div className="mmx-table__aliases">
      <a
        className="mmx-link"
        href={api.aliasesUrl(dump.id)}
        download={dump.fileName.replace(/(\.tar\.gz)?$/, '_aliases.json')}
        title={say('mmx.list.aliases.help')}
      >
        {say('mmx.list.aliases')}
        <span className="mmx-hidden"> {name}</span>
      </a>
    </div>
  );
}
