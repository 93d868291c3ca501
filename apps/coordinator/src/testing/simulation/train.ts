import { decodeModel, DENSE_I32, encodeUpdate } from '@tallystick/aggregation';
import { fromHex, type Hash, type NodeId } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { localSeed } from '@tallystick/rounds';

/** A local training in miniature: each weight moves by something in ±1/8 that the local seed decides. */
export function train(
  model: Uint8Array,
  at: {
    readonly spec: Hash;
    readonly round: number;
    readonly node: NodeId;
    readonly attempt: number;
  },
): Uint8Array {
  const { manifest, weights } = decodeModel(sha256, model);
  const seed = fromHex(localSeed(sha256, at.spec, at.round, at.node));
  const after = weights.map((weight, i) => {
    const byte = seed[(i + 7 * at.attempt) % seed.length] ?? 0;
    return Math.fround(weight + (byte - 128) / 1_024);
  });
  return encodeUpdate({
    ...{ manifest, before: weights, after, divisor: 1, form: DENSE_I32 },
    ...{ sha256, seed: localSeed(sha256, at.spec, at.round, at.node) },
  }).file;
}
