/** Values a log line may carry; errors are logged by their message and code, never by their stack. */
export type LogValue = string | number | boolean | bigint | null | undefined | Error;

/** Named values beside the sentence of a log line. */
export type LogFields = Readonly<Record<string, LogValue>>;

/** Where log lines go. Only the edge (`server`) logs; libraries return or throw. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Drops every line: for tests that do not look at the log. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
