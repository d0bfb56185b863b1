export interface LeaseHolder {
  id: string;
  host: string;
  version: string;
  /** Since when it holds, by its own wall clock. */
  sinceMs: number;
  epoch: number;
}

/** Who gave the lease up, and when by its own wall clock. */
export interface LeaseRelease {
  id: string;
  host: string;
  untilMs: number;
}

/** What this node knows of the lease; cheap to make, true at the moment of the call. */
export interface LeaseView {
  role: 'following' | 'holding';
  /** This node holds the lease and had that confirmed less than 10 s ago. */
  isSure: boolean;
  /** Of the record that this node wrote or saw last; 0 before any. */
  epoch: number;
  /** Undefined while nobody is known to hold the lease. */
  holder: LeaseHolder | undefined;
  /** By the last record that was seen, unless that was held by then. */
  freed: LeaseRelease | undefined;
  isDatabaseFailing: boolean;
}
