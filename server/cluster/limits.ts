// The times of the lease. What makes it safe is fence < takeover, with room for clocks that run at
// different speeds; what bounds a gap is poll + takeover. docs/cluster.md has the reasons.

/** Period of the holder's compare-and-set. */
export const renewalMs = 5000;

/** Pause after a renewal that the database refused; after a call that was not answered: none. */
export const failedRenewalPauseMs = 1000;

/** A record whose bytes a follower has known for so long without a change may be taken over. */
export const takeoverMs = 15_000;

/** Period of a follower's read, and what is added at random so that nodes do not march in step. */
export const pollMs = 2000;
export const pollJitterMs = 500;

/** Without a confirmation for so long, nothing is deleted any more. */
export const fenceMs = 10_000;

/** How far the wall clock may have gone back since the last confirmation before deletions pause. */
export const wallStepToleranceMs = 1000;

/** A call of the key-value store that is not answered by then has failed as far as the lease goes. */
export const leaseCallLimitMs = 4000;

/** Longest that freeing the lease may take: the flush and the upload need the rest of the time. */
export const releaseLimitMs = 4000;

/** Of these, what a call that is under way may take, and the pause before a refused one is repeated. */
export const releaseWaitMs = 2000;
export const releaseRetryMs = 250;

/** Nobody holds the lease: random wait before taking it, so that one of many comes first. */
export const freeJitterMs = 300;

/** Calls that cluster events ask for are at least this far apart, however many events come. */
export const pokeGapMs = 250;

/** After an event a follower reads so often, so far apart: a replica may lag behind the event. */
export const eagerReads = 4;
export const eagerReadMs = 500;

/** Calls in a row that must fail before the status says that the database does. */
export const failuresToTell = 2;

/**
 * A record that stood still for so long should have been taken over long ago: reads or writes of the
 * database do not tell the truth.
 */
export const standstillMs = 60_000;

/** For so long the status tells that two nodes collected at once. */
export const overlapToldMs = 60 * 60 * 1000;

/** Largest record that is looked at; ours have 300 bytes. */
export const maxRecordBytes = 8 * 1024;

/** Longest text of a record: host names have at most 255 characters. */
export const maxTextLength = 255;

/** Highest epoch and sequence that are believed: more is not reached in the life of a database. */
export const maxCounter = 2 ** 48;

/** Different records whose first sight is remembered: replicas may show an older one in between. */
export const maxSightings = 4;
