import type { RunId } from '@tallystick/kernel';

/** What a fenced write has to find in `leases`, in its own transaction: this row with this epoch. */
export interface Fence {
  readonly name: string;
  readonly epoch: number;
}

/** The lease that is won by election; whoever has it claims the others. */
export const ELECTED_LEASE = 'coordinator';
/** The one nonce lane to the chain. */
export const LEDGER_LEASE = 'ledger';

/** Settling epochs, answering demands and closing runs. */
export const SETTLEMENT_LEASE = 'settlement';

/** Name of the lease of a run. */
export function runLease(run: RunId): string {
  return `run/${run}`;
}
