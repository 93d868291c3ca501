import { asPublicKey, type Hash, toHex } from '@tallystick/kernel';
import { unsealHeader, verifySeal } from './aura.js';
import { type Header, headerHash, readHeader } from './header.js';
import { ScaleReader } from './scale.js';
import { keyText, storageKey } from './storage-key.js';
import { verifyReadProof } from './trie/read-proof.js';

/** A block that an authority sealed, and what its state holds at some keys. */
export interface BlockProof {
  readonly ok: true;
  readonly block: { readonly number: number; readonly hash: Hash };
  /** By the key's hex; undefined: proved absent. */
  readonly values: ReadonlyMap<string, Uint8Array | undefined>;
}

/**
 * Checks a block header with its read proof, from bytes of anybody: the proof leads to the header's state root, and an
 * authority of that state sealed the header (whoever wants to know that these are the right authorities needs an anchor).
 * @param header SCALE bytes, seal included @param keys must include `Aura.Authorities`
 */
export function checkBlockProof(
  header: Uint8Array,
  proof: readonly Uint8Array[],
  keys: readonly Uint8Array[],
): BlockProof | { readonly ok: false; readonly reason: string } {
  try {
    const input = new ScaleReader(header);
    const block = readHeader(input);
    input.end();
    const outcome = verifyReadProof(block.stateRoot, proof, keys.map(keyText));
    if (!outcome.ok) return outcome;
    const values = new Map(keys.map((key, i) => [toHex(key), outcome.values[i]]));
    checkSeal(block, values.get(toHex(storageKey('Aura', 'Authorities'))));
    return { ok: true, block: { number: block.number, hash: headerHash(block) }, values };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { ok: false, reason: error.message };
  }
}

function checkSeal(block: Header, authorities: Uint8Array | undefined): void {
  const { header, seal } = unsealHeader(block);
  const input = new ScaleReader(authorities ?? new Uint8Array([0]));
  const keys = input.vector(() => asPublicKey(toHex(input.take(32))));
  verifySeal(header, seal, { authorities: keys });
}
