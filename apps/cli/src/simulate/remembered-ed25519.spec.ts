import { signerFromSeed, ed25519 } from '@tallystick/kernel/node';
import { describe, expect, it } from 'vitest';
import { rememberedEd25519 } from './remembered-ed25519.js';

const signer = signerFromSeed(new Uint8Array(32).fill(7));
const other = signerFromSeed(new Uint8Array(32).fill(8));
const message = new Uint8Array([1, 2, 3]);

describe('rememberedEd25519', () => {
  it('asks once for the same signature, and again for any other byte', () => {
    let asked = 0;
    const counting = rememberedEd25519({
      verify: (...of) => {
        asked++;
        return ed25519.verify(...of);
      },
    });
    const signature = signer.sign(message);
    expect(counting.verify(signer.key, message, signature)).toBe(true);
    expect(counting.verify(signer.key, message.slice(), signature)).toBe(true);
    expect(asked).toBe(1);
    expect(counting.verify(signer.key, new Uint8Array([1, 2, 4]), signature)).toBe(false);
    expect(counting.verify(signer.key, new Uint8Array([1, 2]), signature)).toBe(false);
    expect(counting.verify(other.key, message, signature)).toBe(false);
    expect(asked).toBe(4);
  });

  it('remembers no refusal and no more than 64 signatures', () => {
    let asked = 0;
    const counting = rememberedEd25519({ verify: () => ++asked > 1 });
    const signatures = Array.from({ length: 65 }, (_, i) => signer.sign(new Uint8Array([i])));
    const [first] = signatures;
    if (first === undefined) throw new Error('no signature');
    expect(counting.verify(signer.key, message, first)).toBe(false);
    for (const signature of signatures) counting.verify(signer.key, message, signature);
    expect(asked).toBe(66);
    counting.verify(signer.key, message, first);
    expect(asked).toBe(67);
  });
});
