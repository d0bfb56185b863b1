import { systemRng, type Clock, type Timer } from '../../lib/runtime/index.ts';
import { newId } from './accounts.ts';
import type { WebSocketEvent } from './api-server.ts';
import { Database } from './database.ts';
import { KvStore } from './kv-store.ts';

/** A plugin's event as it crosses the cluster. */
export interface ClusterEvent {
  pluginId: string;
  id: string;
  data: Uint8Array;
}

/** What the cluster needs of a server in it. */
export interface ClusterMember {
  /** 26 characters; what an event's target names. */
  clusterId: string;
  /** Where the others find its metrics, without a port. */
  hostname: string;
  receive: (event: ClusterEvent) => void;
  /** Another server has an event for browsers. */
  tellBrowsers: (event: WebSocketEvent) => void;
}

/** How often a server says that it is there. */
const pingIntervalMs = 60_000;
const gossipPort = 8074;

/**
 * What the servers of a cluster share, within one process: the database with the table of nodes, the
 * keys of plugins, and the way of events from one server to the others.
 */
export class Cluster {
  readonly name: string;
  /** Of the installation: all servers have the same. */
  readonly serverId = newId(systemRng);
  readonly database = new Database();
  readonly #clock: Clock;
  readonly #members = new Map<string, { member: ClusterMember; ping: Timer | undefined }>();
  readonly #kvStores = new Map<string, KvStore>();

  constructor(clock: Clock, name = 'stand-in') {
    this.#clock = clock;
    this.name = name;
  }

  /** The keys of a plugin: the same for all servers. */
  kv(pluginId: string): KvStore {
    let store = this.#kvStores.get(pluginId);
    if (store === undefined) this.#kvStores.set(pluginId, (store = new KvStore(this.#clock)));
    return store;
  }

  /** Writes a server's row and pings it every minute. */
  join(member: ClusterMember): void {
    const nowMs = this.#clock.nowMs();
    const { clusterId, hostname } = member;
    this.#deleteRow(hostname);
    this.database.execute(
      "INSERT INTO ClusterDiscovery VALUES ($1, 'mattermost_app', $2, $3, $4, $4, $5, $5)",
      [clusterId, this.name, hostname, gossipPort, nowMs],
    );
    this.#members.set(clusterId, { member, ping: undefined });
    this.#planPing(clusterId);
  }

  /** Deletes the row, as a server does that stops in order. */
  leave({ clusterId, hostname }: ClusterMember): void {
    this.#members.get(clusterId)?.ping?.cancel();
    this.#members.delete(clusterId);
    this.#deleteRow(hostname);
  }

  /** Sends an event to one server or, without a target, to all others. Returns Go's sentence of a failure. */
  publish(fromId: string, targetId: string, event: ClusterEvent): string | undefined {
    if (targetId !== '' && !this.#members.has(targetId)) {
      return `failed to send message to cluster node "${targetId}": no such node`;
    }
    for (const [id, { member }] of this.#members) {
      if (targetId === '' ? id !== fromId : id === targetId) member.receive(event);
    }
    return undefined;
  }

  /** Hands an event for browsers to all other servers. */
  publishToBrowsers(fromId: string, event: WebSocketEvent): void {
    for (const [id, { member }] of this.#members) if (id !== fromId) member.tellBrowsers(event);
  }

  #planPing(clusterId: string): void {
    const entry = this.#members.get(clusterId);
    if (entry === undefined) return;
    entry.ping = this.#clock.setTimer(pingIntervalMs, () => {
      const sql = 'UPDATE ClusterDiscovery SET LastPingAt = $1 WHERE Id = $2';
      this.database.execute(sql, [this.#clock.nowMs(), clusterId]);
      this.#planPing(clusterId);
    });
  }

  #deleteRow(hostname: string): void {
    const sql = 'DELETE FROM ClusterDiscovery WHERE ClusterName = $1 AND HostName = $2';
    this.database.execute(sql, [this.name, hostname]);
  }
}
