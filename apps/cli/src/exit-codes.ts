import { type TallyError } from '@tallystick/kernel';

/** Exit codes (protocol.md §7). 1–12 belong to `audit verify`: the first failed step. */
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

/** By family of the code; what a person did wrong differs from what is away or broken. */
export function exitCodeOfError(error: TallyError): number {
  const family = error.code.split('_', 1)[0];
  switch (family) {
    case 'USAGE':
    case 'AUTH':
    case 'POLICY':
      return EXIT.usage;
    case 'DATA':
    case 'MODEL':
    case 'UPDATE':
    case 'PROTO':
    case 'AUDIT':
      return error.code === 'AUDIT_UNAVAILABLE' ? EXIT.unavailable : EXIT.badInput;
    case 'CONFIG':
      return EXIT.config;
    case 'NET':
    case 'LEDGER':
    case 'STORE':
      return EXIT.unavailable;
    case 'ROUND':
      return error.code === 'ROUND_RUN_CANCELLED' ? EXIT.runCancelled : EXIT.runFailed;
    default:
      return EXIT.internal;
  }
}
