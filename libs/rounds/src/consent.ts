import { type Hash, type NodeId, ZERO_HASH } from '@tallystick/kernel';
import type { RunSpec } from '@tallystick/protocol';

/** What the owner of a node allows in a run, as the chain keeps it. */
export interface Consent {
  readonly fromRound: number;
  /** The last round that it covers. */
  readonly untilRound: number;
  /** Milliseconds since 1970 after which it covers nothing. */
  readonly untilMs: bigint;
  /** Numbers of DUO codes: 7 stands for DUO:0000007. */
  readonly purposes: readonly number[];
  /** Hash of the site's policy; the receipt carries it. */
  readonly policy: Hash;
  readonly fromBlock: number;
  readonly revokedAtBlock?: number;
}

/** The consents of one run after a block. */
export interface RunConsents {
  readonly atBlock: number;
  /** The block's timestamp; 0 while there is no consent whose end it could decide. */
  readonly atMs: bigint;
  readonly byNode: ReadonlyMap<NodeId, Consent>;
}

/** What of a run decides about consents. */
export type ConsentRule = Pick<RunSpec, 'purpose' | 'consent'>;

/** The number of a DUO code: 7 for DUO:0000007. */
export function purposeNumber(purpose: RunSpec['purpose']): number {
  return Number(purpose.slice(purpose.indexOf(':') + 1));
}

/**
 * May `node` take part in `round`, judged at the block of `consents`? Without an entry only where the run does not
 * require one; an entry that was revoked forbids it anywhere.
 */
export function hasConsented(
  rule: ConsentRule,
  consents: RunConsents,
  { node, round }: { readonly node: NodeId; readonly round: number },
): boolean {
  const consent = consents.byNode.get(node);
  if (consent === undefined) return rule.consent !== 'required';
  const { atBlock, atMs } = consents;
  const { revokedAtBlock } = consent;
  return (
    consent.fromBlock <= atBlock &&
    (revokedAtBlock === undefined || revokedAtBlock > atBlock) &&
    consent.fromRound <= round &&
    round <= consent.untilRound &&
    atMs <= consent.untilMs &&
    consent.purposes.includes(purposeNumber(rule.purpose))
  );
}

/** `policy` of the receipts of `node`: of its consent, zeros without one. */
export function policyOf(consents: RunConsents, node: NodeId): Hash {
  return consents.byNode.get(node)?.policy ?? ZERO_HASH;
}
