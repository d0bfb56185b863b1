/** Longest key in UTF-8 bytes: the limit of S3. */
export const maxKeyBytes = 1024;

/**
 * Longest part of a key between slashes, in UTF-8 bytes: file systems take 255, and the local
 * driver adds the suffix of its temporaries.
 */
export const maxSegmentBytes = 200;

/** Most parts of a key: bounds the walk of a listing, also through a loop of symbolic links. */
export const maxKeySegments = 16;

/** Most names in one directory of the local driver: a listing holds them in memory to sort them. */
export const maxDirectoryEntries = 200_000;

/** Bytes read at once from a file: large enough for few calls, small enough for many readers. */
export const readChunkBytes = 128 * 1024;

/** Age at which a temporary of a writer that died is removed: no upload is silent that long. */
export const temporaryMaxAgeMs = 24 * 60 * 60 * 1000;

/** Most bytes that {@link readObject} takes into memory unless told otherwise. */
export const maxReadObjectBytes = 16 * 1024 * 1024;

/** Tries of one request to a remote store, the first included. */
export const maxTries = 5;

/** Pause before the second try; it doubles with every further one, and jitter is added. */
export const firstPauseMs = 500;

/** Longest pause between two tries. */
export const maxPauseMs = 20_000;

/** Smallest part of an upload in parts but the last: the rule of S3. */
export const minPartBytes = 5 * 1024 * 1024;

/** Largest part whatever is configured: a part is held in memory, so that it can be sent again. */
export const maxPartBytes = 16 * 1024 * 1024;

/** Most parts of one upload: the rule of S3. */
export const maxParts = 10_000;

/** Silence of a connection after which a request is given up, unless configured. */
export const defaultIdleMs = 30_000;

/** Connections to a remote store at once; more requests wait. */
export const maxConnections = 8;

/** Time to give up an upload in parts at the store; it forgets it by itself otherwise. */
export const abandonTimeoutMs = 5_000;

/** Entries of one page of a listing: what the services give at most, or less. */
export const listPageEntries = 1000;

/** Time in which the service that gives out the keys of a role answers: it is on the same machine. */
export const roleTimeoutMs = 2_000;
