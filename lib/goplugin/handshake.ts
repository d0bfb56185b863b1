import { GoPluginError } from './errors.ts';

/** What the host and the plugin agreed on out of band. */
export interface HandshakeTerms {
  /** Environment variable that proves that a host started us; not a secret. */
  cookie: { key: string; value: string };
  protocolVersion: number;
}

/** Version of the handshake line itself. */
const CORE_PROTOCOL_VERSION = 1;

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws a {@link GoPluginError} with a sentence for the person who started us in a wrong way. */
export function checkEnvironment(env: Environment, terms: HandshakeTerms): void {
  if (env[terms.cookie.key] !== terms.cookie.value) {
    throw new GoPluginError(
      'GOPLUGIN_NOT_STARTED_BY_HOST',
      'This program is a plugin: it is started by its server and does nothing by itself.',
    );
  }
  if (isSet(env['PLUGIN_CLIENT_CERT'])) {
    throw new GoPluginError(
      'GOPLUGIN_TLS_REQUIRED',
      'The server asks for TLS between itself and its plugins, which this plugin does not speak.',
    );
  }
  if (isSet(env['PLUGIN_UNIX_SOCKET_GROUP'])) {
    throw new GoPluginError(
      'GOPLUGIN_SOCKET_GROUP',
      'The server asks for a socket owned by another group, which this plugin does not support.',
    );
  }
  const offered = env['PLUGIN_PROTOCOL_VERSIONS'];
  const version = String(terms.protocolVersion);
  if (isSet(offered) && !offered.split(',').some((item) => item.trim() === version)) {
    throw new GoPluginError(
      'GOPLUGIN_PROTOCOL_VERSION',
      `The server speaks plugin protocol ${offered}; this plugin speaks ${version}.`,
    );
  }
}

/** The one line on stdout that tells the host where to connect. */
export function handshakeLine(env: Environment, version: number, socketPath: string): string {
  const fields = [CORE_PROTOCOL_VERSION, version, 'unix', socketPath, 'netrpc', ''];
  if (isSet(env['PLUGIN_MULTIPLEX_GRPC'])) fields.push('true');
  return `${fields.join('|')}\n`;
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}
