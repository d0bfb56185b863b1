/**
 * Codes of {@link ClusterError}: `CLUSTER_BAD_RECORD` bytes of the key-value store are no record of
 * ours; `CLUSTER_BAD_MESSAGE` a cluster event is no message of ours; `CLUSTER_TOO_LARGE` a message or
 * a payload is above its limit; `CLUSTER_TIMEOUT` no answer came in time; `CLUSTER_BUSY` too many
 * requests wait already, here or there; `CLUSTER_UNKNOWN_KIND` the other node does not serve this
 * kind; `CLUSTER_REFUSED` the other node's handler failed; `CLUSTER_CANCELLED` the caller gave up;
 * `CLUSTER_STOPPED` this node's bus has stopped; `CLUSTER_BAD_PAYLOAD` the pages of an answer do not
 * make one whole.
 */
export type ClusterErrorCode =
  | 'CLUSTER_BAD_RECORD'
  | 'CLUSTER_BAD_MESSAGE'
  | 'CLUSTER_TOO_LARGE'
  | 'CLUSTER_TIMEOUT'
  | 'CLUSTER_BUSY'
  | 'CLUSTER_UNKNOWN_KIND'
  | 'CLUSTER_REFUSED'
  | 'CLUSTER_CANCELLED'
  | 'CLUSTER_STOPPED'
  | 'CLUSTER_BAD_PAYLOAD';

/** Something between the nodes failed. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
  readonly code: ClusterErrorCode;
  /** Code of what failed on the other node, with `CLUSTER_REFUSED`. */
  readonly remoteCode: string | undefined;

  constructor(
    code: ClusterErrorCode,
    message: string,
    options: ErrorOptions & { remoteCode?: string } = {},
  ) {
    super(message, options);
    this.code = code;
    this.remoteCode = options.remoteCode;
  }
}

/** What everything that waits or runs ends with when this node leaves. */
export function stoppedError(): ClusterError {
  return new ClusterError('CLUSTER_STOPPED', 'This node has left the cluster.');
}
