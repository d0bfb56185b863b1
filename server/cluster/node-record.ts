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
  mode: Mode;
}

/** A node as this one knows it. */
export interface NodeInfo extends NodeAnnouncement, ClusterNode {}

const recordVersion = 1;

export function encodeAnnouncement(node: NodeAnnouncement, nowMs: number): Uint8Array {
  const { id, host, addresses, pluginVersion, mode } = node;
  const value = {
    ...{ v: recordVersion, id, host, addr: addresses.slice(0, maxAddresses) },
    ...{ ver: pluginVersion, mode, t: Math.floor(nowMs) },
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
    mode: mode === 'scraper' || mode === 'both' ? mode : 'listener',
  };
}

function addressesOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value
    .slice(0, maxAddresses)
    .filter((address): address is string => typeof address === 'string')
    .filter((address) => /^[0-9a-fA-F.:]{2,45}$/.test(address));
}
