import type { Hash, Sha256 } from '@tallystick/kernel';
import {
  decodeSigned,
  type Header,
  PROMISE,
  RECEIPT,
  receiptHash,
  type Task,
  TASK,
} from '@tallystick/record';
import { DISCOUNTS, type Inclusion, maxStalenessOf } from '@tallystick/rounds';
import type { RoundMemory } from '../log/log-memory.js';
import type { AgentContext } from './agent-context.js';
import { inclusionFault, type OwnContribution } from './inclusion.js';

/** Most rounds that an update of any run may be old. */
export const MAX_STALENESS: number = DISCOUNTS.length - 1;

/** A closed round, as far as it speaks of this site. */
export interface ClosedForUs {
  readonly header: Header;
  readonly inclusion: Inclusion | undefined;
  /** The task of the round, where the result showed it. */
  readonly shown: Task | undefined;
}

/**
 * This site's receipt that `header` counts, or was to count: the promised one; without a promise the round's own, in
 * asynchronous rounds the one that the proof is about. Undefined when it signed none.
 */
export async function ownContribution(
  { deps, specs }: AgentContext,
  { header, inclusion, shown }: ClosedForUs,
  signal: AbortSignal,
): Promise<OwnContribution | undefined> {
  const { log, sha256 } = deps;
  const { run, round } = header;
  const specHash = log.spec(run);
  const signed = recent(round)
    .map((asked) => log.round(run, asked))
    .filter((memory) => memory?.receipt !== undefined);
  if (specHash === undefined || signed.length === 0) return undefined;
  const spec = await specs.get(specHash, signal);
  const maxStaleness = maxStalenessOf(spec);
  const { task: held, promise } = log.round(run, round) ?? {};
  const task = held === undefined ? shown : decodeSigned(TASK, held.wire).value;
  const owns = signed
    .flatMap((memory) => signedContribution(sha256, memory, { task, numeric: spec.numeric }) ?? [])
    .filter(({ receipt }) => round - receipt.round <= maxStaleness);
  const promised: Hash | undefined = promise && decodeSigned(PROMISE, promise.wire).value.receipt;
  if (promised !== undefined) return owns.find((own) => own.receiptHash === promised);
  if (maxStaleness === 0) return owns[0];
  if (inclusion === undefined) return undefined;
  return owns.find((own) => inclusionFault(sha256, header, own, inclusion) === undefined);
}

/** The rounds whose receipts round `round` may count, the newest first. */
function recent(round: number): number[] {
  return Array.from({ length: Math.min(round, MAX_STALENESS) + 1 }, (_, lag) => round - lag);
}

/** The receipt that `memory` holds, as a contribution to the round of `task`; undefined when none was signed. */
export function signedContribution(
  sha256: Sha256,
  memory: RoundMemory | undefined,
  of: Pick<OwnContribution, 'task' | 'numeric'>,
): OwnContribution | undefined {
  const member = memory?.task?.member;
  const wire = memory?.receipt?.wire;
  if (member === undefined || wire === undefined) return undefined;
  const { value: receipt, signature } = decodeSigned(RECEIPT, wire);
  return { receipt, receiptHash: receiptHash(sha256, receipt, signature), wire, member, ...of };
}
