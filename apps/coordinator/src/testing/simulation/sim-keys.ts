import { createHash } from 'node:crypto';
import { asPublicKey, asSignature, type Ed25519, type Signer } from '@tallystick/kernel';
import { ed25519, sha256, signerFromSeed } from '@tallystick/kernel/node';

/** A signature scheme: who signs with the key of a seed, and who checks it. */
export interface SimKeys {
  readonly ed25519: Ed25519;
  signer(seed: number): Signer;
}

const seedBytes = (seed: number): Uint8Array => new Uint8Array(32).fill(seed);

export const REAL_KEYS: SimKeys = { ed25519, signer: (seed) => signerFromSeed(seedBytes(seed)) };

/** Hashes in the shape of Ed25519: nobody in a simulation forges, and they are forty times as fast. */
export const HASHED_KEYS: SimKeys = {
  ed25519: { verify: (key, message, signature) => hashed(key, message) === signature },
  signer: (seed) => {
    const key = asPublicKey(`${sha256(seedBytes(seed)).slice(0, 62)}07`);
    return { key, sign: (message) => asSignature(hashed(key, message)) };
  },
};

function hashed(key: string, message: Uint8Array): string {
  return createHash('sha512').update(key).update(message).digest('hex');
}
