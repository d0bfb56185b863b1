import type { GobInput } from '../../lib/gob/index.ts';
import type { appError } from './wire.ts';

/** The server's own error type: the body of REST errors and a result of plugin API calls. */
export class AppError extends Error {
  override readonly name = 'AppError';
  /** Stable id of the reason, such as `app.plugin.not_installed.app_error`. */
  readonly code: string;
  readonly where: string;
  readonly detail: string;
  readonly status: number;

  constructor(fields: {
    id: string;
    where: string;
    status: number;
    message?: string;
    detail?: string;
    cause?: unknown;
  }) {
    super(fields.message ?? fields.id, fields.cause === undefined ? {} : { cause: fields.cause });
    this.code = fields.id;
    this.where = fields.where;
    this.detail = fields.detail ?? '';
    this.status = fields.status;
  }

  toWire(): GobInput<typeof appError> {
    const { code, message, detail, status, where } = this;
    return { Id: code, Message: message, DetailedError: detail, StatusCode: status, Where: where };
  }

  toJSON(): object {
    const { code, message, detail, status } = this;
    return { id: code, message, detailed_error: detail, request_id: '', status_code: status };
  }
}
