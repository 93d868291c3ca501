import { type Clock, type Hash, type RunId, TallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { decodeSigned, RECEIPT, receiptHash } from '@tallystick/record';
import type { EvidenceFile } from './evidence-file.js';
import type { Filing } from './filing.js';

/** What the chain says to an evidence file. */
export type FilingOutcome =
  /** Decided: the round does not count, or the run is halted. */
  | { readonly state: 'upheld'; readonly block: number }
  /** The coordinator has to answer until then. */
  | {
      readonly state: 'demanded' | 'waiting';
      readonly demand: number;
      readonly deadlineMs: bigint;
    };

/** A demand that waits for its answer. */
interface CourtDemand {
  readonly round: number;
  readonly demand: number;
  readonly wanted:
    | { readonly kind: 'leaf'; readonly index: number }
    | { readonly kind: 'receipt'; readonly receipt: Hash };
  readonly deadlineMs: bigint;
}

/** The chain as an account that disputes uses it; each write resolves in a finalised block or rejects. */
export interface Court {
  file(filing: Filing): Promise<{ readonly number: number }>;
  openDemands(run: RunId): Promise<readonly CourtDemand[]>;
  unanswered(demand: CourtDemand): Promise<{ readonly number: number }>;
}

/**
 * Files a fault, or takes it one step further: a demand of this account that is past its deadline is brought to an end.
 * Rejects with LEDGER_REFUSED when the chain does not see it that way.
 */
export async function fileEvidence(
  file: EvidenceFile,
  filing: Filing,
  deps: { readonly account: Court; readonly clock: Clock },
): Promise<FilingOutcome> {
  const { account } = deps;
  if (filing.call !== 'demand') {
    const block = await account.file(filing);
    return { state: 'upheld', block: block.number };
  }
  const earlier = await openFor(file, filing, account);
  if (earlier === undefined) {
    await account.file(filing);
    const demand = await openFor(file, filing, account);
    if (demand === undefined) {
      const reason = 'it is final, and it is open no longer: somebody answered';
      throw new TallyError('LEDGER_REFUSED', { call: 'tally.demand', reason });
    }
    return { state: 'demanded', demand: demand.demand, deadlineMs: demand.deadlineMs };
  }
  return endOf(earlier, deps);
}

/** Takes a demand that was filed to its end; undefined when it is open no longer, since somebody answered. Files none. */
export async function followDemand(
  file: EvidenceFile,
  filing: Extract<Filing, { call: 'demand' }>,
  deps: { readonly account: Court; readonly clock: Clock },
): Promise<FilingOutcome | undefined> {
  const open = await openFor(file, filing, deps.account);
  return open && endOf(open, deps);
}

async function endOf(
  open: CourtDemand,
  { account, clock }: { readonly account: Court; readonly clock: Clock },
): Promise<FilingOutcome> {
  const { demand, deadlineMs } = open;
  if (BigInt(clock.nowMs()) <= deadlineMs) return { state: 'waiting', demand, deadlineMs };
  const block = await account.unanswered(open);
  return { state: 'upheld', block: block.number };
}

/** The open demand for what the file asks for, whoever made it. */
async function openFor(
  { records }: EvidenceFile,
  filing: Extract<Filing, { call: 'demand' }>,
  account: Court,
): Promise<CourtDemand | undefined> {
  const open = await account.openDemands(filing.run);
  const receipt = records.receipt && hashOf(records.receipt);
  return open.find(({ round, wanted }) => {
    if (round !== filing.round) return false;
    const isLeaf = filing.bytes.startsWith('00');
    if (wanted.kind === 'leaf') return isLeaf && filing.bytes === leafBytes(wanted.index);
    return !isLeaf && wanted.receipt === receipt;
  });
}

function leafBytes(index: number): string {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32LE(index, 1);
  return bytes.toString('hex');
}

function hashOf(wire: string): string {
  const { value, signature } = decodeSigned(RECEIPT, wire);
  return receiptHash(sha256, value, signature);
}
