import { asPublicKey, asSignature, fromHex } from '@tallystick/kernel';
import { ed25519, sha256, signerFromSeed } from '@tallystick/kernel/node';
import { expect, test } from 'vitest';
import { isAdmissibleKey } from './index.js';
import {
  keyVectors,
  recordVectors,
  signatureVectors,
  treeVectors,
  VECTOR_SEED,
} from './testing/vectors.js';

const signer = signerFromSeed(fromHex(VECTOR_SEED));

/** `vitest -u` writes the files; a byte that changes must be a decision, seen in the diff. */
async function matchesFile(name: string, content: object): Promise<void> {
  const path = `../../../test-vectors/${name}`;
  await expect(`${JSON.stringify(content, null, 2)}\n`).toMatchFileSnapshot(path);
}

test('records.json', async () => {
  const head = { seed: VECTOR_SEED, key: signer.key };
  await matchesFile('records.json', { ...head, records: recordVectors(sha256, signer) });
});

test('trees.json', async () => {
  await matchesFile('trees.json', treeVectors(sha256));
});

test('keys.json', async () => {
  const vectors = keyVectors([1, 2, 3].map((i) => signerFromSeed(new Uint8Array(32).fill(i))));
  expect(vectors.filter(({ why }) => why.startsWith('order'))).toHaveLength(14);
  for (const { key, admissible } of vectors) {
    expect({ key, admissible: isAdmissibleKey(asPublicKey(key)) }).toEqual({ key, admissible });
  }
  await matchesFile('keys.json', { keys: vectors });
});

test('signatures.json', async () => {
  const vectors = signatureVectors(signer);
  for (const { name, key, message, signature, valid } of vectors) {
    const verdict = ed25519.verify(asPublicKey(key), fromHex(message), asSignature(signature));
    expect({ name, valid: verdict }).toEqual({ name, valid });
  }
  await matchesFile('signatures.json', { signatures: vectors });
});
