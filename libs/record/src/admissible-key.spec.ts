import { asPublicKey, asSignature } from '@tallystick/kernel';
import { ed25519, generateKey } from '@tallystick/kernel/node';
import { expect, it } from 'vitest';
import { isAdmissibleKey, MEMBER, verifyRecord } from './index.js';

const identity = asPublicKey(`01${'00'.repeat(31)}`);
/** R = identity, S = 0: with the identity as key the equation holds for every message. */
const universal = asSignature(`01${'00'.repeat(63)}`);

it('stops the signature that OpenSSL takes for any message', () => {
  const record = MEMBER.decode(new Uint8Array(MEMBER.size).fill(5));
  expect(ed25519.verify(identity, new Uint8Array(99), universal)).toBe(true);
  expect(verifyRecord(ed25519, MEMBER, record, identity, universal)).toBe(false);
});

it('takes keys that were made, refuses text that is no key', () => {
  for (let i = 0; i < 20; i++) expect(isAdmissibleKey(generateKey().key)).toBe(true);
  for (const text of ['', 'ff', 'zz'.repeat(32), 'AA'.repeat(32)]) {
    expect(isAdmissibleKey(text as never)).toBe(false);
  }
});
