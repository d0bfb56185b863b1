/** Credit of every stream in each direction at its start; the protocol fixes it. */
export const initialWindowBytes = 256 * 1024;

/** Credit is given back once this much was consumed: half a window keeps the sender busy. */
export const windowUpdateThresholdBytes = initialWindowBytes / 2;

/** Largest body we send in one frame, so that streams take turns on the socket. */
export const maxFrameBodyBytes = 64 * 1024;

/** Bodies up to this size are joined with their header: one buffer is cheaper than two. */
export const joinedBodyBytes = 4 * 1024;

/**
 * Streams of a session, both directions together. Each may hold one window of unread bytes, so
 * this bounds memory; a busy plugin uses a few dozen.
 */
export const maxStreams = 1024;

/** Streams we opened that the peer has not accepted: the reference resets what goes beyond. */
export const maxUnackedStreams = 256;

/** Control frames that wait for the socket before we stop reading from it. */
export const maxQueuedControlFrames = 1024;

/** Own pings that wait for their answer. */
export const maxPendingPings = 16;

/** Small pieces that arrive are gathered in buffers of this size, so that one byte costs one byte. */
export const gatherBytes = 16 * 1024;

/** How long a failing session waits for its go-away frame to leave before it drops the socket. */
export const goAwayFlushMs = 1000;

/** Largest id of a stream. */
export const maxStreamId = 0xffff_ffff;

/** How long a stream that we ended and gave up waits for the peer's end before it is reset. */
export const lingerMs = 10_000;
