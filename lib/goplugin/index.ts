export { MuxBroker, type StreamOpener } from './broker.ts';
export { GoPluginError, type GoPluginErrorCode } from './errors.ts';
export { readPrefix } from './framing.ts';
export { PluginConnection } from './host.ts';
export type { HandshakeTerms } from './handshake.ts';
export { systemProcess, type PluginProcess } from './process.ts';
export { servePlugin, type ServePluginOptions, type ServedPlugin } from './serve.ts';
