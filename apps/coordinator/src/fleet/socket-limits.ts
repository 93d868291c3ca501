import { z } from 'zod';

/** Files that stay for everything but nodes' sessions. At the limit unrelated opens fail. */
const RESERVED_FILES = 512;
/** Those of them that stay for everything but sockets: database, chain, blobs. */
const OWN_FILES = 256;
/** Where the platform tells no limit. */
const UNKNOWN_FILES = 10_240;

/** The part of a diagnostic report that tells the limits of this process (Node.js documentation, "Diagnostic report"). */
const Report = z.object({
  userLimits: z.object({ open_files: z.object({ soft: z.union([z.int(), z.string()]) }) }),
});

/** How many files this process may have open: its soft limit, which Node.js raises to the hard one at its start. */
export function openFilesLimit(): number {
  const report = Report.safeParse(process.report.getReport());
  const soft = report.data?.userLimits.open_files.soft;
  if (soft === 'unlimited') return Number.MAX_SAFE_INTEGER;
  return typeof soft === 'number' ? soft : UNKNOWN_FILES;
}

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
