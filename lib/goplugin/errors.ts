/** Codes of {@link GoPluginError}; the README says what each means. */
export type GoPluginErrorCode =
  | 'GOPLUGIN_NOT_STARTED_BY_HOST'
  | 'GOPLUGIN_TLS_REQUIRED'
  | 'GOPLUGIN_PROTOCOL_VERSION'
  | 'GOPLUGIN_SOCKET_GROUP'
  | 'GOPLUGIN_NO_SOCKET'
  | 'GOPLUGIN_HOST_ABSENT'
  | 'GOPLUGIN_HOST_GONE'
  | 'GOPLUGIN_BROKER_TIMEOUT'
  | 'GOPLUGIN_BROKER_BAD_ACK'
  | 'GOPLUGIN_BROKER_ENDED'
  | 'GOPLUGIN_BROKER_ID_IN_USE'
  | 'GOPLUGIN_BROKER_CLOSED';

/** The plugin cannot start, or the host or one of its connections is not there. */
export class GoPluginError extends Error {
  override readonly name = 'GoPluginError';
  readonly code: GoPluginErrorCode;
  /** Broker id, where one is concerned. */
  readonly brokerId: number | undefined;

  constructor(
    code: GoPluginErrorCode,
    message: string,
    detail: { brokerId?: number; cause?: unknown } = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.brokerId = detail.brokerId;
  }
}
