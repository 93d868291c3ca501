import type { EntitlementClaim, LedgerAccount } from '@tallystick/chain';
import { type AccountId, fromHex, type RunId, TallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { entitleClaim, entitleRoot } from '@tallystick/payout';
import { decodeRecords, ENTITLE, type Entitle } from '@tallystick/record';
import type { OperatorApi } from '../api/operator-api.js';

/** Claims in one transaction: the pallet's limit. */
const MAX_CLAIMS = 64;

/** What was paid, against which epoch. */
export interface Claimed {
  readonly epoch: number | null;
  readonly payments: readonly { readonly account: AccountId; readonly due: bigint }[];
}

/**
 * Has `accounts` paid what they are due by the newest final epoch. The coordinator only tells the leaves: they have to
 * give the root that the chain holds.
 */
export async function claimRewards(
  run: RunId,
  accounts: readonly AccountId[] | 'all',
  { api, ledger }: { readonly api: OperatorApi; readonly ledger: LedgerAccount },
): Promise<Claimed> {
  const final = (await api.epochs(run)).findLast(({ isFinal }) => isFinal);
  if (final === undefined) return { epoch: null, payments: [] };
  const { epoch } = final;
  const entitlements = decodeRecords(ENTITLE, fromHex(final.entitlements));
  await checkRoot(run, epoch, { entitlements, ledger });
  const payments: { account: AccountId; due: bigint }[] = [];
  const claims: EntitlementClaim[] = [];
  for (const { account, cumulative } of entitlements) {
    if (accounts !== 'all' && !accounts.includes(account)) continue;
    const due = cumulative - (await ledger.paid(run, account));
    const claim = due > 0n ? entitleClaim(sha256, entitlements, account) : undefined;
    if (claim === undefined) continue;
    payments.push({ account, due });
    claims.push(claim);
  }
  for (let i = 0; i < claims.length; i += MAX_CLAIMS) {
    await ledger.claim(run, epoch, claims.slice(i, i + MAX_CLAIMS));
  }
  return { epoch, payments };
}

async function checkRoot(
  run: RunId,
  epoch: number,
  parts: { readonly entitlements: readonly Entitle[]; readonly ledger: LedgerAccount },
): Promise<void> {
  const here = entitleRoot(sha256, parts.entitlements).entitleRoot;
  const chain = (await parts.ledger.epoch(run, epoch))?.root ?? 'no such epoch';
  if (chain !== here) throw new TallyError('LEDGER_EPOCH_CONFLICT', { run, epoch, chain, here });
}
