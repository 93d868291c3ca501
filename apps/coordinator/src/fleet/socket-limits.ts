/** Files that stay for everything but nodes' sessions. At the limit unrelated opens fail. */
const RESERVED_FILES = 512;
/** Those of them that stay for everything but sockets: database, chain, blobs. */
const OWN_FILES = 256;
/** How many sockets may be open at once. */
export interface SocketLimits {
  /** Nodes' sockets, welcome or not; more get 503 before the upgrade. */
  readonly sessions: number;
  /** All sockets, HTTP included; more are closed unheard. */
  readonly connections: number;
}

/** What is asked for, but never more than the files that are left for it. */
export function socketLimits(wantedSessions: number | undefined, files: number): SocketLimits {
  const sessions = Math.min(wantedSessions ?? files, files - RESERVED_FILES);
  return { sessions: Math.max(1, sessions), connections: Math.max(2, files - OWN_FILES) };
}
