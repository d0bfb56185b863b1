import {
  type GobStruct,
  type GobValue,
  asStruct,
  intField,
  interfaceField,
  stringField,
  structField,
} from '../../lib/gob/index.ts';

/** A refusal of the server: its own error type for API calls. `code` is its id, stable per reason. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: string;
  readonly detailedError: string;
  readonly requestId: string;
  readonly statusCode: number;
  readonly where: string;

  constructor(fields: {
    id: string;
    message: string;
    detailedError: string;
    requestId: string;
    statusCode: number;
    where: string;
  }) {
    super([`${fields.where}: ${fields.message}`, fields.detailedError].filter(Boolean).join(', '));
    this.code = fields.id;
    this.detailedError = fields.detailedError;
    this.requestId = fields.requestId;
    this.statusCode = fields.statusCode;
    this.where = fields.where;
  }
}

/** Codes of {@link HostError}, by the number the server sends. */
const hostErrorCodes = [
  'HOST_FAILED',
  'HOST_EOF',
  'HOST_NO_ROWS',
  'HOST_CONNECTION_DONE',
  'HOST_TX_DONE',
  'HOST_SKIP',
  'HOST_BAD_CONNECTION',
  'HOST_REMOVE_ARGUMENT',
] as const;
export type HostErrorCode = (typeof hostErrorCodes)[number];

/** Any other error that came from the server, told apart where the server tells them apart. */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly code: HostErrorCode;
  /** Wire name of the error's type there. */
  readonly typeName: string;

  constructor(code: HostErrorCode, message: string, typeName: string) {
    super(message);
    this.code = code;
    this.typeName = typeName;
  }
}

/** An argument that the server would take badly; nothing was sent. */
export class ApiArgumentError extends Error {
  override readonly name = 'ApiArgumentError';
  readonly code = 'API_ARGUMENT';
  readonly method: string;

  constructor(method: string, message: string) {
    super(`${method}: ${message}`);
    this.method = method;
  }
}

/** An answer of the server that is not what its API promises. */
export class ApiReplyError extends Error {
  override readonly name = 'ApiReplyError';
  readonly code = 'API_REPLY';
  readonly method: string;

  constructor(method: string, message: string, options?: ErrorOptions) {
    super(`${method}: ${message}`, options);
    this.method = method;
  }
}

/** Throws what a reply field of type `*AppError` holds; present means failed. */
export function checkAppError(reply: GobStruct, field: string): void {
  const fields = structField(reply, field);
  if (fields !== undefined) throw parseAppError(fields);
}

/** Throws what a reply field of type `error` holds. */
export function checkError(reply: GobStruct, field: string): void {
  const error = interfaceField(reply, field);
  if (error !== undefined) throw parseError(error.typeName, error.value);
}

function parseAppError(fields: GobStruct): AppError {
  return new AppError({
    id: stringField(fields, 'Id'),
    message: stringField(fields, 'Message'),
    detailedError: stringField(fields, 'DetailedError'),
    requestId: stringField(fields, 'RequestId'),
    statusCode: intField(fields, 'StatusCode'),
    where: stringField(fields, 'Where'),
  });
}

/** An `error` that came inside an interface value, as an error of ours. */
export function parseError(typeName: string, value: GobValue): Error {
  switch (typeName) {
    case '*model.AppError':
      return parseAppError(asStruct(value));
    case '*plugin.ErrorString': {
      const fields = asStruct(value);
      const code = hostErrorCodes[intField(fields, 'Code')] ?? 'HOST_FAILED';
      return new HostError(code, stringField(fields, 'Err'), typeName);
    }
    case '*pq.Error': {
      const fields = asStruct(value);
      const text = `${stringField(fields, 'Message')} (SQLSTATE ${stringField(fields, 'Code')})`;
      return new HostError('HOST_FAILED', text, typeName);
    }
    default:
      return new HostError('HOST_FAILED', `the server failed with a ${typeName}`, typeName);
  }
}
