import type { Hash } from '@tallystick/kernel';
import { parseCanonicalSpec } from '@tallystick/protocol';
import { BundleReader } from '../bundle/bundle-reader.js';
import { readScores } from '../bundle/epoch-scores.js';
import { scoresIn } from '../bundle/read-sheet.js';
import { readHistory } from '../read-history.js';
import { checkChain } from '../steps/v1-chain.js';
import { type FoundFault, payFaultIn } from './pay-fault.js';
import { type PaidRun, type RewardPreview, rewardsOf } from './rewards-of.js';

/** A bundle, and what its chain's code may be. */
interface RewardOptions {
  readonly folder: string;
  readonly knownRuntimes: ReadonlySet<Hash>;
  readonly signal?: AbortSignal;
}

/**
 * Computes every payout of a bundle's run to the unit: settled epochs as the chain bounds them, then those that the
 * committed rounds still have to give, the last one as if the run ended now. The chain is executed again; the epochs'
 * own records are not looked at.
 */
export async function previewRewards(options: RewardOptions): Promise<RewardPreview> {
  return rewardsOf(await readPaidRun(options));
}

/** The first settled epoch whose entitlements do not follow, and what the chain can be shown of it. */
export async function findPayFault(options: RewardOptions): Promise<FoundFault | undefined> {
  return payFaultIn(await readPaidRun(options));
}

async function readPaidRun(options: RewardOptions): Promise<PaidRun> {
  const bundle = await BundleReader.open(options.folder, options.signal);
  const anchors = { nodeKeys: [], logs: [] };
  const chain = await checkChain(bundle, anchors, options);
  const read = { anchors, parseSpec: parseCanonicalSpec, readScores };
  const history = await readHistory(bundle, chain, read);
  return { ...history, scoresOf: (epoch) => scoresIn(history.epochs, epoch) };
}
