/** How long a broker connection may take from the first side to the second; the host's own limit. */
export const brokerTimeoutMs = 5000;

/** Connections announced by the host that nobody has accepted; a busy host has a handful. */
export const maxAnnounced = 256;

/** Longest path of a unix socket that every system takes (the structure holds 108 bytes, 104 on some). */
export const maxSocketPathBytes = 99;

/** From the handshake line to the host's first byte; a host needs milliseconds, a person some minutes. */
export const hostConnectTimeoutMs = 5 * 60 * 1000;

/** Age of a socket's directory that no plugin reaches: it goes when the host connects, or with us. */
export const staleSocketMs = 2 * hostConnectTimeoutMs;

/** Directories of sockets that are looked at in one start. */
export const maxStaleSockets = 100;

/** Connections that have not said anything; a host that re-attaches probes the socket first. */
export const maxSilentConnections = 4;

/** After `Quit` the host kills the process in 2 s; what is left to do has this long. */
export const quitWorkMs = 1500;

/** How long we wait for the host to take the answer to `Quit` and hang up. */
export const quitFlushMs = 300;

/** When the host hangs up, its streams end this long before the connection at most. */
export const hangUpGraceMs = 100;
