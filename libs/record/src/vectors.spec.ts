import { asPublicKey, asSignature, fromHex } from '@tallystick/kernel';
import { ed25519, sha256, signerFromSeed } from '@tallystick/kernel/node';
import { expect, test } from 'vitest';
import { isAdmissibleKey } from './index.js';
import { keyVectors } from './testing/key-vectors.js';
import { recordVectors } from './testing/record-vectors.js';
import { signatureVectors } from './testing/signature-vectors.js';
import { plainVectors, sumVectors } from './testing/tree-vectors.js';

const seed = '07'.repeat(32);
const signer = signerFromSeed(fromHex(seed));

/** `vitest -u` writes the files; a byte that changes must be a decision, seen in the diff. */
const file = (name: string): string => `../../../test-vectors/${name}`;
const text = (content: object): string => `${JSON.stringify(content, null, 2)}\n`;

test('records.json', async () => {
  const head = { seed, key: signer.key };
  const records = text({ ...head, records: recordVectors(sha256, signer) });
  await expect(records).toMatchFileSnapshot(file('records.json'));
});

test('trees.json', async () => {
  const trees = text({ plain: plainVectors(sha256), sum: sumVectors(sha256) });
  await expect(trees).toMatchFileSnapshot(file('trees.json'));
});

test('keys.json', async () => {
  const vectors = keyVectors([1, 2, 3].map((i) => signerFromSeed(new Uint8Array(32).fill(i))));
  expect(vectors.filter(({ why }) => why.startsWith('order'))).toHaveLength(14);
  for (const { key, admissible } of vectors) {
    expect({ key, admissible: isAdmissibleKey(asPublicKey(key)) }).toEqual({ key, admissible });
  }
  await expect(text({ keys: vectors })).toMatchFileSnapshot(file('keys.json'));
});

test('signatures.json', async () => {
  const vectors = signatureVectors(signer);
  for (const { name, key, message, signature, valid } of vectors) {
    const verdict = ed25519.verify(asPublicKey(key), fromHex(message), asSignature(signature));
    expect({ name, valid: verdict }).toEqual({ name, valid });
  }
  await expect(text({ signatures: vectors })).toMatchFileSnapshot(file('signatures.json'));
});
