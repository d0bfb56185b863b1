/** Jobs that may wait or run on one node; one more is refused: an admin needs one, not a hundred. */
export const maxQueuedJobs = 5;

/** Finished jobs that are kept with their archives; the oldest go first. */
export const maxFinishedJobs = 50;

/** Entries of each list of a filter, the length of one, and the bytes of all in a job's record. */
export const maxFilterEntries = 20;
export const maxFilterEntryChars = 200;
export const maxFilterBytes = 2 * 1024;

/** How often finished dumps are looked through for those that are past their age. */
export const expiryPeriodMs = 60_000;

/** Times a job is begun before it is given up: something about it ends the process. */
export const maxAttempts = 3;

/** Largest record of a job in the key-value store: a page of the server's database. */
export const maxRecordBytes = 8 * 1024;

/** Warnings of one dump, and the length of each; the rest is counted in the last one. */
export const maxWarnings = 20;
export const maxWarningChars = 240;

/** Shortest time between two writes of a job's progress. */
export const progressPeriodMs = 2_000;

/** Longest time without a write while a job waits or runs: others see that the node lives. */
export const heartbeatMs = 5_000;

/** A job of another node whose record did not change for this long is taken over. */
export const abandonedMs = 30_000;

/** How often the records of other nodes are looked at while some of them have work. */
export const foreignRefreshMs = 5_000;

/** How often they are looked at anyway: the message that there is work may get lost. */
export const unaskedRefreshMs = 60_000;

/** Pause before a message of another node is acted upon, however many come. */
export const wakeDelayMs = 200;

/** Free space left over by a dump: WAL and head snapshots must go on beside it. */
export const spaceMarginBytes = 64 * 1024 * 1024;

/** Compression of the archive: chunks are compressed already, so a high level only costs time. */
export const gzipLevel = 1;

/** Bytes of an archive that go from thread to thread at once: few messages, little memory. */
export const streamChunkBytes = 128 * 1024;

/** Pieces that chunks from the file store lie in while they wait to be written anew: each goes when it is read. */
export const fetchedPieceBytes = 256 * 1024;

/** Bytes of a file that are read at once to be packed. */
export const fileChunkBytes = 128 * 1024;

/** Segments of chunks in blocks that are written anew: each is packed and removed when it is full. */
export const segmentBytes = 4 * 1024 * 1024;

/** Bytes of an archive that wait for whoever takes them. */
export const streamAheadBytes = 512 * 1024;

/** Largest archive in a support packet: the server takes it as one message and holds it in memory. */
export const maxPacketBytes = 64 * 1024 * 1024;

/** How long a support packet may wait for its dump; the whole packet has 300 s. */
export const packetBudgetMs = 60_000;

/** What breaking a late dump off may take on top, until the packet goes on without it. */
export const packetGraceMs = 5_000;

/** What reading a dump that was made before may take, where a fresh one cannot be made. */
export const packetFetchMs = 15_000;

/** Part of the time that is left which one attempt may take: shorter ones must fit behind it. */
export const packetAttemptShare = 1 / 2;

/** How much shorter a range becomes that took too long: what is left must be enough for sure. */
export const packetLateFactor = 8;

/** An attempt is not made when its estimate is larger than the limit by this: estimates err. */
export const packetTryFactor = 1.1;

/** Steps that a dump in a support packet is thinned to, one after the other, before it is shortened. */
export const packetStepsSeconds: readonly number[] = [60, 300];

/** Shortest range that a support packet is cut to before it gives up. */
export const minPacketRangeMs = 5 * 60 * 1000;

/** Gaps listed in one manifest; more than that say the same. */
export const maxManifestGaps = 10_000;

/** Keys asked for at once from the key-value store. */
export const kvPageSize = 1_000;

/** Metric families whose metadata is listed in a manifest: some hundred kilobytes of text. */
export const maxManifestFamilies = 5000;

/** Changes of the collecting node listed in a manifest, the newest; one a minute for a day. */
export const maxManifestChanges = 1440;

/** Largest list of aliases that is read: some hundred thousand of them. */
export const maxAliasesBytes = 64 * 1024 * 1024;

/** Blocks that are looked at for an estimate or a preview: one at each end of the range, and some between. */
export const maxProbedBlocks = 8;

/** Samples and series of one block that are rewritten for an estimate: a tenth of a second or two. */
export const maxProbedSamples = 2_000_000;
export const maxProbedSeries = 4096;

/** Samples and series that a dump is tried with, to tell how fast it is made: again a tenth of a second or two. */
export const maxRehearsedSamples = 1_000_000;
export const maxRehearsedSeries = 4_096;

/** Bytes that tell how fast the file store is: of less it is told how long an answer takes. */
export const minPacedBytes = 1024 * 1024;

/** How long what was tried is good: the machine may have more to do in the next minute. */
export const rehearsalAgeMs = 60_000;

/** What was tried that is remembered; a new filter is a new try. */
export const maxTried = 32;

/** Series of one block that are compared with those of others, to tell how many there are together. */
export const maxUnitedSeries = 5_000;

/** Time for looking at blocks, and how much of the head is looked at, and for how long that is good. */
export const probeBudgetMs = 700;
export const headPartMs = 60 * 60_000;
export const headPartAgeMs = 60_000;

/** The worker and the files of estimates and previews go when nobody has asked for so long. */
export const probeIdleMs = 60_000;

/** Estimates and previews that wait for their turn; one more is refused. */
export const maxWaitingProbes = 8;

/** How long a look at the file store is good for questions about dumps; other nodes add to it all the time. */
export const lookAgeMs = 60_000;

/** The same for questions about the last minutes, of which a tenth is a few seconds. */
export const minLookAgeMs = 10_000;

/** What another node has in its memory alone is younger: it copies that to the file store more often. */
export const unsharedMs = 10 * 60_000;

/** Largest block that is fetched from the file store to be looked at: two hours of many nodes. */
export const maxFetchedProbeBytes = 128 * 1024 * 1024;

/** Bytes of others that are fetched beside it: snapshots of heads are small, and no two are alike. */
export const maxFetchedBesideBytes = 16 * 1024 * 1024;

/** Entries of each list of a preview, examples of one label's values, and the length of one. */
export const maxPreviewEntries = 500;
export const maxPreviewExamples = 3;
export const maxPreviewValueChars = 120;

/** Values of one label that are tried, to tell whether a redaction would replace some. */
export const maxTriedValues = 1_000;

/** Hosts, and jobs, that a dump can be offered to be limited to, and those of one block that are remembered. */
export const maxChoices = 100;
export const maxChoicesPerBlock = 500;

/** Blocks of which they are remembered: more than a retention of usual length comes to. */
export const maxKnownChoiceBlocks = 256;

/** Time for looking at blocks of this node for them; one is looked at in any case. */
export const choiceBudgetMs = 700;

/** Indexes of blocks in the file store that are fetched for one question, and their bytes together. */
export const maxFetchedIndexes = 8;
export const maxFetchedIndexBytes = 64 * 1024 * 1024;

/** Finished dumps by which it is told how fast this machine is. */
export const maxPacedDumps = 5;

/** Largest file of what they have taught that is read: eight kinds of dumps and a name of the machine. */
export const maxKeptPaceBytes = 16 * 1024;
