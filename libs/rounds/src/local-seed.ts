import { fromHex, type Hash, type NodeId, type Sha256, utf8 } from '@tallystick/kernel';

/** `values` as consecutive u32, little-endian. */
export function u32le(...values: readonly number[]): Uint8Array {
  const out = new Uint8Array(4 * values.length);
  const view = new DataView(out.buffer);
  values.forEach((value, i) => view.setUint32(4 * i, value, true));
  return out;
}

/**
 * Seed of one local training: H("tally/seed/v1" ‖ spec H ‖ round u32 ‖ node u32) (protocol.md §2). No clock, salt,
 * chain or header enters it, so simulated = distributed = re-executed.
 */
export function localSeed(sha256: Sha256, spec: Hash, round: number, node: NodeId): Hash {
  return sha256(utf8('tally/seed/v1'), fromHex(spec), u32le(round, node));
}
