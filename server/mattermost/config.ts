/**
 * The part of the server's configuration that the plugin reads. The host omits zero values, so an
 * absent field is false, 0 or empty, never a default.
 */
export interface ServerConfig {
  metrics: { enable: boolean; listenAddress: string };
  file: { driverName: string; directory: string };
  service: { siteUrl: string };
  cluster: { enable: boolean; clusterName: string };
  sql: { driverName: string };
}
