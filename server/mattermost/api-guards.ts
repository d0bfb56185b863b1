import { ApiArgumentError } from './errors.ts';
import { maxAuditTextLength, maxKeyLength, reservedKeyPrefix } from './limits.ts';
import type { WebSocketPayload } from './plugin-api.ts';

// A bad argument can make the server crash, delete a key or confuse two of them: it is never sent.

export function checkText(method: string, what: string, value: string): void {
  if (value === '') throw new ApiArgumentError(method, `${what} is empty`);
}

export function checkKey(method: string, key: string): void {
  checkText(method, 'the key', key);
  if (Array.from(key).length > maxKeyLength) {
    throw new ApiArgumentError(method, `the key is longer than ${String(maxKeyLength)} characters`);
  }
  if (key.startsWith(reservedKeyPrefix)) {
    throw new ApiArgumentError(method, `keys with ${reservedKeyPrefix} belong to the server`);
  }
}

/** The server takes an empty value for none, which deletes the key or means "not there yet". */
export function checkValue(method: string, value: Uint8Array): void {
  if (value.length === 0) throw new ApiArgumentError(method, 'the value is empty');
}

export function checkRange(
  method: string,
  what: string,
  value: number,
  min: number,
  max: number,
): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  const range = `a whole number from ${String(min)} to ${String(max)}`;
  throw new ApiArgumentError(method, `${what} is ${String(value)}, not ${range}`);
}

/** The server writes them as JSON, which knows no infinite numbers: such a record would be lost. */
export function checkAuditParameters(method: string, parameters: WebSocketPayload): void {
  for (const [key, value] of Object.entries(parameters)) {
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new ApiArgumentError(method, `the parameter ${key} is not a finite number`);
    }
    if (typeof value === 'string' && value.length > maxAuditTextLength) {
      const most = String(maxAuditTextLength);
      throw new ApiArgumentError(method, `the parameter ${key} is longer than ${most} characters`);
    }
  }
}
