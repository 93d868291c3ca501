import type { NewRun } from './round-ledger.js';

const POLICY = { weight: 'Weight', equal: 'Equal', contribution: 'Contribution' } as const;
const WEIGHTING = { examples: 'Examples', equal: 'Equal' } as const;

/** `RunTerms` of the pallet, as polkadot-js takes them. */
export function runTermsOf(run: NewRun): Readonly<Record<string, unknown>> {
  const { spec, model, minNodes, windows, weighting, purpose, consentRequired, payout } = run;
  return {
    spec: `0x${spec}`,
    model: `0x${model}`,
    minNodes,
    windows,
    weighting: { [WEIGHTING[weighting.kind]]: { cap: weighting.cap } },
    purpose,
    consentRequired,
    payout: { ...payout, policy: POLICY[payout.policy] },
  };
}
