export { parseServerConfig, pluginSettings, type ServerConfig } from './config.ts';
export type { AzureFileConfig, FileConfig, S3FileConfig } from './file-config.ts';
