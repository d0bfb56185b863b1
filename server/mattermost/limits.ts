/** Longest an API call may take; the server gives up its own database queries after 30 s. */
export const apiCallTimeoutMs = 45_000;

/** Longest key of the server's key-value store, in characters. */
export const maxKeyLength = 150;

/** Keys with this prefix belong to the server. */
export const reservedKeyPrefix = 'mmi_';

/** Most keys of one page. */
export const maxKeysPerPage = 1000;

/** Log lines that wait for a slow server; the oldest debug lines go first. */
export const maxQueuedLogLines = 1000;

/** Longest text of an audit record; the server's audit queue holds a thousand of them. */
export const maxAuditTextLength = 1024;

/** Longest message of a log line, in characters. */
export const maxLogMessageLength = 4096;

/** Longest value of a log line, in characters, and most values. */
export const maxLogValueLength = 1024;
export const maxLogFields = 24;

/** The server reads stderr lines up to 64 KiB as JSON; what is longer loses its level. */
export const maxStderrLineBytes = 60 * 1024;

/** Longest a log line may take before the next one is tried. */
export const logCallTimeoutMs = 10_000;

/** Longest a plugin that ends waits for its last log lines to leave. */
export const logFlushMs = 2000;

/** Body bytes in one message to or from the server. */
export const httpChunkBytes = 64 * 1024;

/**
 * Body bytes in one Write: what has gathered goes at once, because each Write waits for the last.
 * Half a window of the connection, so that the next one need not wait for credit.
 */
export const maxWriteBytes = 128 * 1024;

/** Headers of one request; the server in front takes more, but no honest client sends it. */
export const maxHeaderBytes = 64 * 1024;

/** Requests served at once; each holds up to half a megabyte of buffers. */
export const maxConcurrentRequests = 128;

/** Largest hook argument or reply: a support packet of 64 MiB and what surrounds it. */
export const maxHookMessageBytes = 68 * 1024 * 1024;

/** A single connection that ends this long before the whole session does is not worth a word. */
export const hangUpGraceMs = 100;

/** How often the event loop is asked whether it runs. */
export const watchIntervalMs = 1000;

/** A loop that stood still this long is worth a line: the server takes ten seconds for death. */
export const blockedWarningMs = 2000;

/**
 * Beats of {@link watchIntervalMs} that are missing before another thread tells the same while the
 * loop still stands, and before it ends the process: within ten seconds of standing still, when the
 * server's multiplexer begins to give us up without a reason in the log.
 */
export const warnMissingBeats = 3;
export const endMissingBeats = 8;

/**
 * Connections of the server's pool that we borrow at once, those of given-up queries included. One
 * more is borrowed for a moment to cancel a query.
 */
export const maxBorrowedConnections = 2;

/**
 * A connection whose query hangs counts for so long after its caller was told; then others may
 * borrow in its place, up to so many times. A database that moved away without a word holds the
 * old connections for a quarter of an hour, while the server has new ones.
 */
export const hangingConnectionMs = 60_000;
export const maxHangingConnections = 6;

/** Queries that wait for one of these connections; the next one is refused. */
export const maxWaitingQueries = 32;

/** Longest a query may take unless it says otherwise. */
export const sqlTimeoutMs = 10_000;

/** Rows and bytes of one result unless the query says otherwise. */
export const maxSqlRows = 10_000;
export const maxSqlBytes = 8 * 1024 * 1024;

/** Longest SQL text, and most arguments: PostgreSQL takes 65,535. */
export const maxSqlChars = 64 * 1024;
export const maxSqlParameters = 1000;

/** Most columns of a result; each costs one question for its type. */
export const maxSqlColumns = 256;

/** After a restart of the database the server's pool holds dead connections: so many are tried. */
export const maxConnectionTries = 5;
