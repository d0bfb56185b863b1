import type { ClusterNode, Mode } from '../../api/index.ts';
import { maxAddresses } from './limits.ts';
import { asObject, parseRecord, textOf } from './record-fields.ts';

/** What a node says of itself; docs/cluster.md draws the record. */
export interface NodeAnnouncement {
  /** Cluster id. */
  id: string;
  host: string;
  /** Addresses of its interfaces, without loopback. */
  addresses: string[];
  pluginVersion: string;
  /** Version of its Mattermost server; empty in a record of a plugin that did not tell it yet. */
  serverVersion: string;
  mode: Mode;
}

/** A node as this one knows it. */
export interface NodeInfo extends NodeAnnouncement, Omit<ClusterNode, 'restartedAtMs'> {}

const recordVersion = 1;

export function encodeAnnouncement(node: NodeAnnouncement, nowMs: number): Uint8Array {
  const { id, host, addresses, pluginVersion, serverVersion, mode } = node;
  const value = {
    ...{ v: recordVersion, id, host, addr: addresses.slice(0, maxAddresses) },
    ...{ ver: pluginVersion, srv: serverVersion, mode, t: Math.floor(nowMs) },
  };
  return new TextEncoder().encode(JSON.stringify(value));
}

/** Reads what another node wrote. Newer versions keep the fields that are read here. */
export function parseAnnouncement(raw: Uint8Array): NodeAnnouncement {
  const fields = asObject(parseRecord(raw));
  const { mode } = fields;
  return {
    id: textOf(fields, 'id'),
    host: textOf(fields, 'host'),
    addresses: addressesOf(fields['addr']),
    pluginVersion: textOf(fields, 'ver'),
    serverVersion: fields['srv'] === undefined ? '' : textOf(fields, 'srv'),
    mode: mode === 'scraper' || mode === 'both' ? mode : 'listener',
  };
}

/** When a record was written, by the clock of its node; undefined where it does not tell. */
export function writtenMsOf(raw: Uint8Array): number | undefined {
  const { t } = asObject(parseRecord(raw));
  return typeof t === 'number' && Number.isSafeInteger(t) ? t : undefined;
}

function addressesOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value
    .slice(0, maxAddresses)
    .filter((address): address is string => typeof address === 'string')
    .filter((address) => /^[0-9a-fA-F.:]{2,45}$/.test(address));
}
