import type { RunSpec } from '@tallystick/protocol';
import { RoundMode } from '@tallystick/record';

/**
 * T[lag] = round(2¹⁶ ÷ √(1 + lag)) for lag 0 to 64: FedBuff's discount (arXiv 2106.06639, §5.1) as integers, so that
 * no square root enters a weight. Part of the protocol: a weight is made with it and re-derived by it.
 */
export const DISCOUNTS: readonly number[] = [
  65_536, 46_341, 37_837, 32_768, 29_309, 26_755, 24_770, 23_170, 21_845, 20_724, 19_760, 18_919,
  18_176, 17_515, 16_921, 16_384, 15_895, 15_447, 15_035, 14_654, 14_301, 13_972, 13_665, 13_377,
  13_107, 12_853, 12_612, 12_385, 12_170, 11_965, 11_771, 11_585, 11_408, 11_239, 11_078, 10_923,
  10_774, 10_631, 10_494, 10_362, 10_235, 10_112, 9_994, 9_880, 9_770, 9_663, 9_559, 9_459, 9_362,
  9_268, 9_177, 9_088, 9_002, 8_918, 8_837, 8_758, 8_680, 8_605, 8_532, 8_461, 8_391, 8_323, 8_257,
  8_192, 8_129,
];

type Asynchronous = Pick<RunSpec, 'asynchronous'>;

/** Most rounds that an update may be old: 0 where each round takes only its own. */
export function maxStalenessOf({ asynchronous }: Asynchronous): number {
  return asynchronous?.maxStaleness ?? 0;
}

/** `mode` of the headers of a run. */
export function modeOf({ asynchronous }: Asynchronous): RoundMode {
  return asynchronous === undefined ? RoundMode.clear : RoundMode.asynchronous;
}

/** max(1, ⌊weight·T[lag] ÷ T[0]⌋). A lag outside the table, which gate and V4 refuse, counts as the nearest inside. */
export function discounted(weight: bigint, lag: number): bigint {
  const [whole = 1] = DISCOUNTS;
  const discount = DISCOUNTS[Math.max(0, Math.min(lag, DISCOUNTS.length - 1))] ?? whole;
  const less = (weight * BigInt(discount)) / BigInt(whole);
  return less > 0n ? less : 1n;
}
