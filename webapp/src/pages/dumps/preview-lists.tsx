import React, { type ReactNode } from 'react';
import type { DumpPreview } from '../../../../api/index.ts';
import { TableFrame } from '../../components/table-frame.tsx';
import { formatCount } from '../../format.ts';
import { useLocale, useText } from '../../i18n/use-text.ts';

/** Hosts, jobs, labels and metrics of a dump, and what of them is replaced. */
export function PreviewLists({ preview }: { preview: DumpPreview }) {
  const say = useText();
  const { hosts, jobs, isCut, labels, metrics, redacted, series } = preview;
  const isRedacted = redacted.hosts || redacted.labels.length > 0;
  return (
    <div className="mmx-preview">
      <p>
        {say('mmx.preview.summary', {
          series,
          metrics: metrics.length,
          hosts: hosts.length,
        })}{' '}
        {say(isRedacted ? 'mmx.preview.redacted' : 'mmx.preview.plain')}{' '}
        {isCut && say('mmx.preview.cut')}
      </p>
      <Names
        title={say('mmx.preview.hosts')}
        names={hosts}
        note={redacted.hosts ? say('mmx.preview.aliased') : null}
      />
      <Names title={say('mmx.preview.jobs')} names={jobs} note={null} />
      <LabelTable preview={preview} />
      <details className="mmx-details">
        <summary>{say('mmx.preview.metrics', { count: metrics.length })}</summary>
        <MetricTable metrics={metrics} />
      </details>
      <p className="mmx-muted mmx-preview__rest">
        {say(labels.length === 0 ? 'mmx.preview.empty' : 'mmx.preview.rest')}
      </p>
    </div>
  );
}

function Names({ title, names, note }: { title: string; names: string[]; note: ReactNode }) {
  const say = useText();
  return (
    <>
      <h3 className="mmx-heading">
        {title} {note !== null && <span className="mmx-badge">{note}</span>}
      </h3>
      {names.length === 0 ? (
        <p className="mmx-muted">{say('mmx.preview.none')}</p>
      ) : (
        <ul className="mmx-names">
          {names.map((name) => (
            <li key={name}>
              <code>{name}</code>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function LabelTable({ preview: { labels, redacted } }: { preview: DumpPreview }) {
  const say = useText();
  const locale = useLocale();
  if (labels.length === 0) {
    return null;
  }
  return (
    <>
      <h3 className="mmx-heading">{say('mmx.preview.labels')}</h3>
      <TableFrame label={say('mmx.preview.labels')}>
        <table className="table mmx-table">
          <caption className="mmx-hidden">{say('mmx.preview.labels')}</caption>
          <thead>
            <tr>
              <th scope="col">{say('mmx.preview.label')}</th>
              <th scope="col">{say('mmx.preview.leaves')}</th>
              <th scope="col" className="mmx-number">
                {say('mmx.preview.values')}
              </th>
              <th scope="col">{say('mmx.preview.examples')}</th>
            </tr>
          </thead>
          <tbody>
            {labels.map(({ name, values, examples }) => (
              <tr key={name}>
                <th scope="row" className="mmx-table__plain">
                  <code>{name}</code>
                </th>
                <td className="mmx-table__short">
                  {say(redacted.labels.includes(name) ? 'mmx.preview.aliased' : 'mmx.preview.asis')}
                </td>
                <td className="mmx-number">{formatCount(values, locale)}</td>
                <td className="mmx-preview__examples">{examples.join(', ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableFrame>
    </>
  );
}

function MetricTable({ metrics }: { metrics: DumpPreview['metrics'] }) {
  const say = useText();
  const locale = useLocale();
  return (
    <TableFrame label={say('mmx.preview.metric')}>
      <table className="table mmx-table">
        <thead>
          <tr>
            <th scope="col">{say('mmx.preview.metric')}</th>
            <th scope="col" className="mmx-number">
              {say('mmx.preview.series')}
            </th>
          </tr>
        </thead>
        <tbody>
          {metrics.map(({ name, series }) => (
            <tr key={name}>
              <th scope="row" className="mmx-table__plain mmx-preview__name">
                <code>{name}</code>
              </th>
              <td className="mmx-number">{formatCount(series, locale)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}
