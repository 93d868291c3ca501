/** One unit in the chain's smallest amounts (chain/README.md, Money). */
export const UNIT: bigint = 1_000_000_000_000n;
