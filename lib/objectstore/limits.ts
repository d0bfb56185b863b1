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
