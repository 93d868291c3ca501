import { type Hash, type NodeId, type RunId, TallyError, utf8 } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { canonicalJson } from '@tallystick/record';
import type { Consent } from '@tallystick/rounds';
import type { SitePolicy } from '../config/node-config.js';
import { keepOwnConsent } from './own-consents.js';

/** The chain as the owner of a node signs to it. Writes resolve when they are final. */
export interface ConsentLedger {
  grantConsent(run: RunId, node: NodeId, terms: ConsentTerms): Promise<Consent>;
  revokeConsent(run: RunId, node: NodeId): Promise<Consent | undefined>;
}

export type ConsentTerms = Omit<Consent, 'fromBlock' | 'revokedAtBlock'>;

/** A site whose owner speaks. */
export interface OwnedSite {
  readonly folder: string;
  readonly node: NodeId;
}

/** Puts a consent on the chain, and the site's own word beside it: the node decides about tasks by that. */
export async function grantConsent(
  { folder, node }: OwnedSite,
  consent: { readonly run: RunId; readonly terms: ConsentTerms },
  ledger: ConsentLedger,
): Promise<Consent> {
  const granted = await ledger.grantConsent(consent.run, node, consent.terms);
  await keep(folder, consent.run, granted);
  return granted;
}

/** Takes it back, in the same order: no task whose block is at or after that of the revocation. */
export async function revokeConsent(
  { folder, node }: OwnedSite,
  run: RunId,
  ledger: ConsentLedger,
): Promise<Consent> {
  const revoked = await ledger.revokeConsent(run, node);
  if (revoked === undefined) throw new TallyError('INTERNAL', { reason: 'no consent was stored' });
  await keep(folder, run, revoked);
  return revoked;
}

/** What receipts name as the policy they were made under. */
export function policyHash(policy: SitePolicy): Hash {
  return sha256(utf8(canonicalJson(policy)));
}

async function keep(folder: string, run: RunId, consent: Consent): Promise<void> {
  const { untilMs, purposes, ...rest } = consent;
  await keepOwnConsent(folder, {
    run,
    ...rest,
    purposes: [...purposes],
    untilMs: Number(untilMs),
  });
}
