/** Limits of a client; each is an option. */
export const rpcClientLimits = {
  // A plugin has some tens of calls in flight; a thousand means that the peer no longer answers.
  maxPendingCalls: 1024,
};

/** Limits of a server; each is an option. */
export const rpcServerLimits = {
  // Every request in flight holds its argument and a handler. Go has no limit; one browser with
  // many tabs stays far below this.
  maxRequestsInFlight: 512,
};
