import { GobError } from '../gob/index.ts';
import { errorText } from '../runtime/index.ts';

/** Codes of {@link RpcError}; the README says what each one means. */
export type RpcErrorCode =
  | 'RPC_REMOTE'
  | 'RPC_TIMEOUT'
  | 'RPC_CANCELLED'
  | 'RPC_CLOSED'
  | 'RPC_BAD_MESSAGE'
  | 'RPC_BAD_ARGUMENT'
  | 'RPC_TOO_MANY_CALLS';

/** A call that did not end in a reply, or a connection that ended. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: RpcErrorCode;
  /** `Service.Method`, where the error belongs to one call. */
  readonly method: string | undefined;

  constructor(
    code: RpcErrorCode,
    message: string,
    details: { method?: string; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.method = details.method;
  }
}

/** Why a connection ended, when something was thrown. */
export function closeReason(cause: unknown): RpcError {
  if (cause instanceof RpcError) return cause;
  const code = cause instanceof GobError ? 'RPC_BAD_MESSAGE' : 'RPC_CLOSED';
  return new RpcError(code, `the connection is broken: ${errorText(cause)}`, { cause });
}
