import React from 'react';
import type { ClusterNode } from '../../../../api/index.ts';
import { StatusWord } from '../../components/status-word.tsx';
import { Time } from '../../components/time.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { formatAge } from '../../format.ts';
import { useText } from '../../i18n/use-text.ts';

/** The nodes of the cluster and what each of them does; nothing on a single server. */
export function Nodes({ nodes, serverNowMs }: { nodes: ClusterNode[]; serverNowMs: number }) {
  const say = useText();
  if (nodes.length === 0) {
    return null;
  }
  return (
    <div className="mmx-block">
      <h3 className="mmx-heading">{say('mmx.nodes.caption')}</h3>
      <TableFrame label={say('mmx.nodes.caption')}>
        <table className="table mmx-table">
          <caption className="mmx-hidden">{say('mmx.nodes.caption')}</caption>
          <thead>
            <tr>
              <th scope="col">{say('mmx.nodes.host')}</th>
              <th scope="col">{say('mmx.tile.mode')}</th>
              <th scope="col">{say('mmx.nodes.version')}</th>
              <th scope="col">{say('mmx.nodes.server')}</th>
              <th scope="col">{say('mmx.nodes.restarted')}</th>
              <th scope="col">{say('mmx.nodes.seen')}</th>
            </tr>
          </thead>
          <tbody>
            {nodes.map((node) => (
              <NodeRow key={node.id} node={node} serverNowMs={serverNowMs} />
            ))}
          </tbody>
        </table>
      </TableFrame>
    </div>
  );
}

function NodeRow({ node, serverNowMs }: { node: ClusterNode; serverNowMs: number }) {
  const say = useText();
  const { host, id, isSelf, mode, pluginVersion, restartedAtMs, seenMs, serverVersion } = node;
  return (
    <tr>
      <th scope="row" title={id}>
        {host} {isSelf && <span className="mmx-badge">{say('mmx.nodes.self')}</span>}
      </th>
      <td>
        <StatusWord tone={mode === 'listener' ? 'neutral' : 'good'}>
          {say(`mmx.mode.${mode}`)}
        </StatusWord>
      </td>
      <td>{pluginVersion}</td>
      <td>{serverVersion === '' ? '–' : serverVersion}</td>
      <td className="mmx-table__short">
        {restartedAtMs === null ? '–' : <Time ms={restartedAtMs} />}
      </td>
      <td className="mmx-table__short">
        {isSelf
          ? say('mmx.nodes.now')
          : say('mmx.tile.age', { age: formatAge(Math.max(0, serverNowMs - seenMs)) })}
      </td>
    </tr>
  );
}
