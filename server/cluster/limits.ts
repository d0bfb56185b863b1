// The times of the lease. What makes it safe is fence < takeover, with room for clocks that run at
// different speeds; what bounds a gap is poll + takeover. docs/cluster.md has the reasons.

/** Period of the holder's compare-and-set. */
export const renewalMs = 5000;

/** Pause after a renewal that the database refused; after a call that was not answered: none. */
export const failedRenewalPauseMs = 1000;

/** A record whose bytes a follower has known for so long without a change may be taken over. */
export const takeoverMs = 15_000;

/**
 * No answer of the database for so long: whoever holds may have had none either, and gets the time of a
 * takeover to renew once there are answers. Longer than two reads of which one is lost.
 */
export const cutOffMs = 10_000;

/** Period of a follower's read, and what is added at random so that nodes do not march in step. */
export const pollMs = 2000;
export const pollJitterMs = 500;

/** Without a confirmation for so long, nothing is deleted any more. */
export const fenceMs = 10_000;

/** How far the wall clock may have gone back since the last confirmation before deletions pause. */
export const wallStepToleranceMs = 1000;

/**
 * A refused record is looked for so often: the database driver may have repeated each of these calls
 * behind a connection that broke.
 */
export const refusalChecks = 2;

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

// The registry of nodes.

/** Period of a node's own record, how long it lives, and the pause after a failure. */
export const announceMs = 30_000;
export const announcementLifeMs = 300_000;
export const failedAnnouncementPauseMs = 10_000;

/** Difference of two clocks that is told: a replica that lags makes a record look older by seconds. */
export const clockToleranceMs = 30_000;

/** Longest that taking the own record away may take. */
export const leaveLimitMs = 1000;

/** Keys of the plugin that are looked through for nodes, by pages of the most that the server gives. */
export const keysPerPage = 1000;
export const maxKeyPages = 20;

/** Nodes that are told of: Mattermost is not run with more. */
export const maxNodes = 100;

/** Addresses of one node that are believed. */
export const maxAddresses = 32;

// Messages between nodes.

/** Largest message; gossip is not made for more. */
export const maxMessageBytes = 32 * 1024;

/** How long a request waits for its answer unless it says otherwise; a third in, it is sent again. */
export const requestTimeoutMs = 10_000;

/** Requests of this node that wait, and publications that the server has not taken yet. */
export const maxWaitingRequests = 64;

/** Handlers that run for others; one more is refused. */
export const maxRunningHandlers = 16;

/** A handler that takes longer has failed, and its place is free. */
export const handlerLimitMs = 60_000;

/** Answers kept for requests that come twice, and for how long: at most 2 MiB. */
export const maxKeptAnswers = 64;
export const keptAnswerMs = 60_000;

/** Longest text of a refusal that travels. */
export const maxRefusalLength = 500;

/** A bad message is logged and told for so long, then the next one is. */
export const badMessageToldMs = 60 * 60 * 1000;

// Answers in pages.

/** Bytes of one page: as base64 and with its envelope it stays below the largest message. */
export const pageBytes = 21 * 1024;

/** Largest answer, compressed and as JSON. */
export const maxPayloadBytes = 2 * 1024 * 1024;
export const maxPayloadJsonBytes = 16 * 1024 * 1024;

/** Answers whose pages are kept for the node that fetches them, and for how long. */
export const maxKeptPayloads = 4;
export const keptPayloadMs = 60_000;
