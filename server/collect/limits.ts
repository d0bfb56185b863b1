/** Scrapes under way at once: most last milliseconds, so that hundreds of targets wait for nobody. */
export const maxConcurrentScrapes = 64;

/** How many of them may be of targets that were down last time and may hang: they starve nobody else. */
export const maxDownScrapes = 48;

/** Buffers of finished scrapes that are kept for the next ones. */
export const maxIdleSlots = 2;

/**
 * Lines that are parsed between two looks at the clock: at first, some 2 ms while everything is new
 * and nothing compiled, and twice as many after each step that was quick, up to the second number.
 */
export const firstStepLines = 128;
export const maxStepLines = 1024;

/** A step that took less was quick. */
export const quickStepMs = 1;

/** Longest stretch of parsing before other work gets a turn. */
export const parseSliceMs = 8;

/** A body that takes longer to parse lets the other targets by; a large server's takes a tenth. */
export const longParseMs = 500;

/** Bytes that a body buffer starts with. */
export const firstBodyBytes = 64 * 1024;

/**
 * Between these it grows by a quarter: of each target one is kept, and what is beyond the body is of no use. Below
 * and above it doubles: each step leaves the memory before it as garbage, which of a huge body would be a lot.
 */
export const fittedBodyBytes = { from: 512 * 1024, to: 4 * 1024 * 1024 };

/**
 * Memory that the bodies of all scrapes under way have together: 4 MiB for each of 64, so that one of usual
 * size, a large server's has 3 MB, is never the largest when something has to go.
 */
export const maxBodiesBytes = 256 * 1024 * 1024;

/**
 * Memory that is kept of all targets together between their scrapes: the last body and what is known of its lines. A line
 * of usual length takes some 220 bytes, so that as many as the store has series, 500,000, have less than half of it.
 */
export const maxKeptBytes = 256 * 1024 * 1024;

/** Who needs room there takes it from one that has at least so many times as much: with 100 targets none below 2 MiB pays. */
export const keptMargin = 1.25;

/** A larger buffer is given up when its scrape is over; a large server's body has 3 MB. */
export const maxIdleBodyBytes = 8 * 1024 * 1024;

/** A batch with room for more samples is given up when its scrape is over. */
export const maxIdleSamples = 256 * 1024;

/** Output of the decompressor per call: large, because every call costs a turn of the event loop. */
export const gunzipChunkBytes = 128 * 1024;

/** A stored time is the ideal tick when the scrape started at most this late. */
export const tickToleranceMs = 50;

/** Part of an interval that a scrape may take at most. */
export const timeoutShare = 0.9;

/** Targets that are gone whose return would end a gap. */
export const maxGoneTargets = 200;

/** Gaps older than this leave the ledger. */
export const maxGapAgeMs = 30 * 24 * 60 * 60 * 1000;

/** Size of the ledger's file, and roughly of what it stands for in memory. */
export const maxLedgerBytes = 960 * 1024;

/** How far below its size the ledger is compacted, so that it is not done all the time. */
export const ledgerSlackBytes = 256 * 1024;

/** Pause after a failed write of the ledger. */
export const ledgerRetryMs = 5000;

/** How often the ledger notes that it is alive and how far open gaps have come. */
export const ledgerNoteMs = 60_000;

/** How often a target that may be absent is probed. */
export const absentProbeMs = 60_000;

/** Gaps that a target's status shows. */
export const recentGaps = 10;

/** Targets, or nodes, that a problem names which many have: enough to see what they have in common. */
export const maxNamedTargets = 3;

/** Longest message that is kept with a gap. */
export const maxGapMessageChars = 300;

/** Period over which new series are counted. */
export const growthPeriodMs = 60 * 60 * 1000;

/** All metrics of a target together may grow by this many times what one metric may. */
export const targetGrowthFactor = 2;

/**
 * Series of a full store that are left for the reports of targets, of which each has five: `up` of 200
 * targets. A small store keeps this part of itself.
 */
export const maxReportSeries = 1000;
export const reportSeriesShare = 0.01;

/** The least that a target which was cut off for hours may grow: this part of the limit. */
export const maxGrowthDivisor = 16;

/** Longest HELP text that is kept. */
export const maxHelpChars = 1000;

/** A family with a longer name is no metric that anybody reads about. */
export const maxFamilyNameChars = 512;

/** Families of one job whose metadata is kept: a large server has some 400, a node exporter 600. */
export const maxJobFamilies = 3000;

/** Jobs whose metadata is kept: plugins and custom targets may each have one of their own. */
export const maxMetadataJobs = 200;

/** Families of all jobs whose metadata is kept: some 10 MB. */
export const maxFamilies = 48_000;

/** Changes of metadata come together after a start: they are written once. */
export const metadataWriteDelayMs = 10_000;

/** Metrics and labels that the cardinality report lists. */
export const reportedMetrics = 20;
export const reportedLabels = 20;

/** Addresses of a host name count for so long without asking again. */
export const freshNameMs = 30_000;

/** Addresses that were good are used for so long while newer ones cannot be had. */
export const staleNameMs = 10 * 60 * 1000;

/** A look-up that takes longer marks its name as one that gives trouble. */
export const slowLookupMs = 2000;

/**
 * Look-ups under way at once: of names that gave no trouble, and of those that did. Each holds one
 * of the four threads that unpacking and syncing need, too; one always stays free.
 */
export const maxQuickLookups = 2;
export const maxSlowLookups = 1;

/** A name server that says nothing about a new name for so long is taken for one that will not. */
export const nameServerWaitMs = 1000;

/** New names whose name server is asked whether it says anything, at once: as many as may be scraped. */
export const maxNameProbes = 64;

/** Host names whose addresses are remembered. */
export const maxRememberedNames = 1000;

/** How often the nodes of a cluster are looked for: one that joins is scraped within 20 s. */
export const discoveryPollMs = 15_000;

/** Longest one look may take. */
export const discoveryTimeoutMs = 10_000;

/** Pauses after looks that failed double from the first to the last of these. */
export const firstDiscoveryRetryMs = 2000;
export const maxDiscoveryRetryMs = 60_000;

/** Nodes of a cluster; the largest deployments have some 20. */
export const maxDiscoveredNodes = 200;

/** A node that gave no sign of life for so long is gone: the server's own rule. */
export const maxNodeAgeMs = 30 * 60 * 1000;

/** Servers ping every minute; after more than three missed pings a node may be gone. */
export const staleNodeMs = 4 * 60 * 1000;

/** Rows of the discovery table that cannot be used and are told one by one. */
export const maxShownRowProblems = 10;

/** Plugins of a node that are asked for metrics. */
export const maxPluginTargets = 50;

/** How often the name of the media service is looked up, and how long that may take. */
export const mediaLookupMs = 60_000;
export const mediaTimeoutMs = 10_000;

/** Machines of the media service. */
export const maxMediaAddresses = 64;

/** Scrapes of a target whose outcome is kept for the console: a quarter of an hour at 15 s. */
export const maxRecentScrapes = 60;

/** Made-up bodies of some 370 lines that code is warmed up with: 35 ms of CPU time, in slices. */
export const warmUpRounds = 4;
