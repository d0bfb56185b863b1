/** Whatever was thrown, as an error; what is none keeps its message and becomes the cause. */
export function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  const message = (thrown as { message?: unknown } | null | undefined)?.message;
  return new Error(typeof message === 'string' ? message : String(thrown), { cause: thrown });
}
