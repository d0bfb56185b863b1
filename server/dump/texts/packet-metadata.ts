import type { ServerFacts } from '../ports.ts';
import type { TimeRange } from '../selection/index.ts';

const idShape = /^[a-z0-9]{26}$/;

/**
 * `metadata.yaml` as the server's own packets have it (version 1, type `plugin-packet`). An id that
 * the server's parser would refuse is left empty where it may be; JSON strings are YAML strings.
 */
export function packetMetadata(facts: {
  server: ServerFacts;
  generatedAtMs: number;
  pluginId: string;
  pluginVersion: string;
  requested: TimeRange;
  /** Times of the first and the last sample. */
  actual: TimeRange;
}): string {
  const { server, generatedAtMs, pluginId, pluginVersion, requested, actual } = facts;
  const optionalId = (id: string) => JSON.stringify(idShape.test(id) ? id : '');
  const lines = [
    'version: 1',
    'type: plugin-packet',
    `generated_at: ${String(generatedAtMs)}`,
    `server_version: ${JSON.stringify(server.serverVersion)}`,
    `server_id: ${JSON.stringify(server.serverId)}`,
    `license_id: ${optionalId(server.licenseId)}`,
    `customer_id: ${optionalId(server.customerId)}`,
    'extras:',
    `  plugin_id: ${JSON.stringify(pluginId)}`,
    `  plugin_version: ${JSON.stringify(pluginVersion)}`,
    `  min: ${String(requested.fromMs)}`,
    `  max: ${String(requested.toMs)}`,
    `  actual_min: ${String(actual.fromMs)}`,
    `  actual_max: ${String(actual.toMs)}`,
  ];
  return `${lines.join('\n')}\n`;
}
