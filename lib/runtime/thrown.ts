/** Whatever was thrown, as an error; what is none keeps its message and becomes the cause. */
export function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new Error(errorText(thrown), { cause: thrown });
}

/** Code of whatever was thrown, also of an error from another realm; undefined for what has none. */
export function codeOf(thrown: unknown): string | undefined {
  const code = (thrown as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Whether the system has refused something because the disk is full, or the share of its user. */
export function isDiskFull(thrown: unknown): boolean {
  const code = codeOf(thrown);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** Sentence of whatever was thrown, also of an error from another realm. */
export function errorText(thrown: unknown): string {
  const message = (thrown as { message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' ? message : String(thrown);
}
