/** The command cannot be understood, or its directory cannot be read: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
