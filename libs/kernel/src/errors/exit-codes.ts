import { isTallyError } from './tally-error.js';

/** Exit codes of every process (protocol.md §7, sysexits.h). 1–12 belong to `audit verify`: the first failed step. */
export const EXIT = {
  ok: 0,
  runFailed: 20,
  runCancelled: 21,
  usage: 64,
  badInput: 66,
  unavailable: 69,
  internal: 70,
  config: 78,
} as const;

const BY_FAMILY: Readonly<Record<string, number>> = {
  USAGE: EXIT.usage,
  AUTH: EXIT.usage,
  POLICY: EXIT.usage,
  DATA: EXIT.badInput,
  MODEL: EXIT.badInput,
  UPDATE: EXIT.badInput,
  PROTO: EXIT.badInput,
  AUDIT: EXIT.badInput,
  CONFIG: EXIT.config,
  NET: EXIT.unavailable,
  LEDGER: EXIT.unavailable,
  STORE: EXIT.unavailable,
  ROUND: EXIT.runFailed,
};

/** How a process ends because of `error`: what a person did wrong differs from what is away or broken. */
export function exitCodeOf(error: unknown): number {
  if (!isTallyError(error)) return EXIT.internal;
  switch (error.code) {
    case 'PROTO_REPLACED':
      return EXIT.usage; // two processes of one node
    case 'AUDIT_UNAVAILABLE':
      return EXIT.unavailable;
    case 'ROUND_RUN_CANCELLED':
      return EXIT.runCancelled;
    default:
      return BY_FAMILY[error.code.split('_', 1)[0] ?? ''] ?? EXIT.internal;
  }
}
