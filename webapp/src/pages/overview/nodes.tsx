import React from 'react';
import type { ClusterNode, Status } from '../../../../api/index.ts';
import { StatusWord } from '../../components/status-word.tsx';
import { Time } from '../../components/time.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { formatAge } from '../../format.ts';
import { useText } from '../../i18n/use-text.ts';
import type { Tone } from './health.ts';
import { nodeState, type NodeState } from './node-state.ts';

const tones: Record<NodeState, Tone> = {
  scraper: 'good',
  both: 'good',
  listener: 'neutral',
  former: 'neutral',
  silent: 'warning',
};

/** The nodes of the cluster and what each of them does; nothing on a single server. */
export function Nodes({ status, serverNowMs }: { status: Status; serverNowMs: number }) {
  const say = useText();
  const { nodes } = status;
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
              <NodeRow key={node.id} {...{ node, serverNowMs }} state={nodeState(node, status)} />
            ))}
          </tbody>
        </table>
      </TableFrame>
    </div>
  );
}

interface NodeRowProps {
  node: ClusterNode;
  state: NodeState;
  serverNowMs: number;
}

function NodeRow({ node, state, serverNowMs }: NodeRowProps) {
  const say = useText();
  const { host, id, isSelf, pluginVersion, restartedAtMs, seenMs, serverVersion } = node;
  return (
    <tr>
      <th scope="row" title={id}>
        {host} {isSelf && <span className="mmx-badge">{say('mmx.nodes.self')}</span>}
      </th>
      <td>
        <StatusWord tone={tones[state]}>{say(`mmx.mode.${state}`)}</StatusWord>
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
