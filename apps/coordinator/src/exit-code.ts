import { isTallyError } from '@tallystick/kernel';

/** sysexits.h, as in protocol.md §7. */
const UNAVAILABLE = 69;
const INTERNAL = 70;
const CONFIG = 78;

/** How a process ends that could not start, or could not go on. */
export function exitCodeOf(error: unknown): number {
  if (!isTallyError(error)) return INTERNAL;
  if (error.code.startsWith('CONFIG_')) return CONFIG;
  if (/^(NET|STORE|LEDGER)_/.test(error.code)) return UNAVAILABLE;
  return INTERNAL;
}
