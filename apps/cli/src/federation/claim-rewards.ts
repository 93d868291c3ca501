import type { EntitlementClaim, LedgerAccount } from '@tallystick/chain';
import { type AccountId, fromHex, isTallyError, type RunId, TallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { entitleClaim, entitleRoot } from '@tallystick/payout';
import { decodeRecords, ENTITLE, type Entitle } from '@tallystick/record';
import type { OperatorApi } from '../api/operator-api.js';

/** Claims in one transaction: the pallet's limit. */
const MAX_CLAIMS = 64;

/** What an account is due. */
interface Payment {
  readonly account: AccountId;
  readonly due: bigint;
}

/** What was paid, against which epoch. */
export interface Claimed {
  readonly epoch: number | null;
  readonly payments: readonly Payment[];
  /** Less than an account may begin with: it stays due until there is more, or until the account exists. */
  readonly tooSmall: readonly Payment[];
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
  if (final === undefined) return { epoch: null, payments: [], tooSmall: [] };
  const { epoch } = final;
  const entitlements = decodeRecords(ENTITLE, fromHex(final.entitlements));
  await checkRoot(run, epoch, { entitlements, ledger });
  const all: Claim[] = [];
  for (const { account, cumulative } of entitlements) {
    if (accounts !== 'all' && !accounts.includes(account)) continue;
    const due = cumulative - (await ledger.paid(run, account));
    const claim = due > 0n ? entitleClaim(sha256, entitlements, account) : undefined;
    if (claim === undefined) continue;
    all.push({ account, due, claim });
  }
  const claimed = { epoch, payments: new Array<Payment>(), tooSmall: new Array<Payment>() };
  const pay = (claims: readonly Claim[]): Promise<boolean> =>
    isPayable(
      ledger.claim(
        run,
        epoch,
        claims.map(({ claim }) => claim),
      ),
    );
  for (let i = 0; i < all.length; i += MAX_CLAIMS) {
    const batch = all.slice(i, i + MAX_CLAIMS);
    // all of a batch or none: one that cannot be paid must not keep the others from what they are due
    const isPaid = await pay(batch);
    for (const { account, due, claim } of batch) {
      const isPaidAlone = isPaid || (batch.length > 1 && (await pay([{ account, due, claim }])));
      (isPaidAlone ? claimed.payments : claimed.tooSmall).push({ account, due });
    }
  }
  return claimed;
}

interface Claim extends Payment {
  readonly claim: EntitlementClaim;
}

/** False when the chain cannot open an account for so little (`TokenError`); other refusals are thrown. */
async function isPayable(claim: Promise<unknown>): Promise<boolean> {
  try {
    await claim;
    return true;
  } catch (error) {
    const isToken =
      isTallyError(error, 'LEDGER_REFUSED') && String(error.meta['reason']).includes('"token"');
    if (isToken) return false;
    throw error;
  }
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
