/** What a plugin says on the first line of its stdout. */
export interface Handshake {
  network: 'unix' | 'tcp';
  address: string;
}

/** Set for every plugin that a Mattermost server starts. */
export const handshakeEnvironment = {
  MATTERMOST_PLUGIN: 'Securely message teams, anywhere.',
  PLUGIN_MIN_PORT: '10000',
  PLUGIN_MAX_PORT: '25000',
  PLUGIN_PROTOCOL_VERSIONS: '1',
} as const;

/** Reads `core|app|network|address|protocol|certificate`; throws with the server's kind of sentence. */
export function parseHandshake(line: string): Handshake {
  const [core, app, network, address, protocol] = line.trim().split('|');
  if (core === undefined || app === undefined || network === undefined || address === undefined) {
    throw new Error(`Unrecognized remote plugin message: ${line}`);
  }
  if (core !== '1') throw new Error(`Incompatible core API version with plugin: ${core}`);
  if (app !== '1') throw new Error(`Incompatible API version with plugin: ${app}`);
  if (network !== 'unix' && network !== 'tcp') throw new Error(`Unknown address type: ${network}`);
  if (protocol !== undefined && protocol !== 'netrpc') {
    throw new Error(`Unsupported plugin protocol "${protocol}". Supported: [netrpc]`);
  }
  return { network, address };
}
