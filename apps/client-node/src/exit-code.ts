import { isTallyError } from '@tallystick/kernel';

/** sysexits.h, as in protocol.md §7. */
const USAGE = 64;
const BAD_INPUT = 66;
const UNAVAILABLE = 69;
const INTERNAL = 70;
const CONFIG = 78;

/** How a node ends that could not start, or could not go on. */
export function exitCodeOf(error: unknown): number {
  if (!isTallyError(error)) return INTERNAL;
  const { code } = error;
  if (/^(USAGE|AUTH|POLICY)_/.test(code) || code === 'PROTO_REPLACED') return USAGE;
  if (/^(DATA|MODEL|UPDATE|PROTO)_/.test(code)) return BAD_INPUT;
  if (/^(NET|LEDGER|STORE)_/.test(code)) return UNAVAILABLE;
  return code.startsWith('CONFIG_') ? CONFIG : INTERNAL;
}
