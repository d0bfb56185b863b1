import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The part of the manifest that packaging is about. */
export interface Manifest {
  id: string;
  version: string;
  icon_path: string;
  server: { executables: Record<string, string> };
  webapp: { bundle_path: string };
}

export const manifest = JSON.parse(readFileSync(`${root}plugin.json`, 'utf8')) as Manifest;

/** This machine, as the manifest calls it. */
export const hostPlatform = `linux-${process.arch === 'x64' ? 'amd64' : process.arch}`;

/** What `make dist` leaves for a platform; `make test` builds this machine's first. */
export function bundleOf(platform: string): string {
  return `${root}dist/${manifest.id}-${manifest.version}-${platform}.tar.gz`;
}

export const hostBundle = bundleOf(hostPlatform);

/** What a plugin host tells the process it starts. */
export const handshakeEnvironment = {
  MATTERMOST_PLUGIN: 'Securely message teams, anywhere.',
  PLUGIN_MIN_PORT: '10000',
  PLUGIN_MAX_PORT: '25000',
  PLUGIN_PROTOCOL_VERSIONS: '1',
};
