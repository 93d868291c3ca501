import { asNodeId, fromHex, toHex } from '@tallystick/kernel';
import { ed25519, sha256, signerFromSeed } from '@tallystick/kernel/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CONTRIB,
  DECLINE,
  decodeRecords,
  decodeSigned,
  encodeRecords,
  encodeSigned,
  ENTITLE,
  EPOCH,
  EXCLUDE,
  GENESIS,
  HEADER,
  HELLO,
  MEMBER,
  POP,
  PROMISE,
  RECEIPT,
  receiptHash,
  type RecordCodec,
  recordHash,
  signingBytes,
  signRecord,
  TASK,
  verifyRecord,
} from './index.js';

const signer = signerFromSeed(new Uint8Array(32).fill(9));
const other = signerFromSeed(new Uint8Array(32).fill(10));

/** Sizes by protocol.md §4, counted by hand: H 32, u8 1, u32 4, u64 and i64 8, u128 and salt 16. */
const SIZES: readonly (readonly [RecordCodec<object>, number])[] = [
  [erased(HELLO), 32 + 4 + 4 + 3 * 32],
  [erased(POP), 3 * 32],
  [erased(GENESIS), 32 + 4 + 32 + 32],
  [erased(TASK), 32 + 8 + 4 * 32 + 4 + 32 + 32 + 4 + 8 + 8],
  [erased(RECEIPT), 224],
  [erased(DECLINE), 32 + 8 + 32 + 4 + 1],
  [erased(PROMISE), 32 + 12 + 32 + 8],
  [erased(MEMBER), 16],
  [erased(CONTRIB), 8 + 64 + 16],
  [erased(EXCLUDE), 37],
  [erased(HEADER), 32 + 1 + 8 + 64 + 4 + 96 + 32 + 4 + 8 + 32 + 8 + 32 + 16],
  [erased(EPOCH), 32 + 8 + 32 + 8 + 64 + 4 + 16],
  [erased(ENTITLE), 48],
];

/** The same codec for tests that treat all records alike; values only come from its own `decode`. */
function erased<T extends object>(codec: RecordCodec<T>): RecordCodec<object> {
  return { ...codec, encode: (value) => codec.encode(value as T) };
}

function bytesOf(codec: RecordCodec<object>): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: codec.size, maxLength: codec.size });
}

describe.each(SIZES.map(([codec, size]) => ({ name: codec.name, codec, size })))(
  '$name',
  ({ codec, size }) => {
    it('has its size and its padded tag', () => {
      expect(codec.size).toBe(size);
      expect(codec.tag).toHaveLength(16);
      expect(new TextDecoder().decode(codec.tag).replace(/\0+$/, '')).toBe(codec.name);
    });

    it('has one encoding per value', () => {
      fc.assert(
        fc.property(bytesOf(codec), (bytes) => {
          expect(toHex(codec.encode(codec.decode(bytes)))).toBe(toHex(bytes));
        }),
      );
    });

    it('changes its hash and voids its signature with any bit', () => {
      fc.assert(
        fc.property(bytesOf(codec), fc.nat(8 * size - 1), (bytes, bit) => {
          const value = codec.decode(bytes);
          const { signature } = signRecord(codec, value, signer);
          const changed = codec.decode(flip(bytes, bit));
          expect(recordHash(sha256, codec, changed)).not.toBe(recordHash(sha256, codec, value));
          expect(verifyRecord(ed25519, codec, value, signer.key, signature)).toBe(true);
          expect(verifyRecord(ed25519, codec, changed, signer.key, signature)).toBe(false);
          expect(verifyRecord(ed25519, codec, value, other.key, signature)).toBe(false);
        }),
        { numRuns: 20 },
      );
    });

    it('refuses a wrong length', () => {
      expect(() => codec.decode(new Uint8Array(size + 1))).toThrow(RangeError);
      expect(() => codec.decode(new Uint8Array(size - 1))).toThrow(
        `${codec.name} has ${size} bytes`,
      );
    });

    it('reads views without looking beside them', () => {
      const padded = new Uint8Array(size + 7).fill(0xff);
      padded.fill(3, 3, 3 + size);
      expect(codec.encode(codec.decode(padded.subarray(3, 3 + size)))).toEqual(
        new Uint8Array(size).fill(3),
      );
    });

    it('reads a list as it was written, and no torn one', () => {
      const bytes = Uint8Array.from({ length: 3 * size }, (_, i) => i % 251);
      const records = decodeRecords(codec, bytes);
      expect(records).toHaveLength(3);
      expect(encodeRecords(codec, records)).toEqual(bytes);
      expect(decodeRecords(codec, new Uint8Array(0))).toEqual([]);
      expect(() => decodeRecords(codec, bytes.subarray(1))).toThrow('no whole number of');
    });
  },
);

describe('encode', () => {
  const member = { node: asNodeId(1), keyEpoch: 2, cap: 3n };

  it('is SCALE with fixed widths, little-endian', () => {
    expect(toHex(MEMBER.encode(member))).toBe('01000000020000000300000000000000');
  });

  it.each([
    [{ ...member, keyEpoch: -1 }, 'keyEpoch'],
    [{ ...member, keyEpoch: 2 ** 32 }, 'keyEpoch'],
    [{ ...member, keyEpoch: 1.5 }, 'keyEpoch'],
    [{ ...member, keyEpoch: Number.NaN }, 'keyEpoch'],
    [{ ...member, cap: -1n }, 'cap'],
    [{ ...member, cap: 2n ** 64n }, 'cap'],
  ])('names the field that is out of range', (value, field) => {
    expect(() => MEMBER.encode(value)).toThrow(`tally/member/v1 ${field} must be`);
  });

  it.each(['AB'.repeat(32), 'ab'.repeat(31), 'ab'.repeat(33), 'zz'.repeat(32)])(
    'refuses %s as a hash',
    (text) => {
      const pop = { ...POP.decode(new Uint8Array(POP.size)), key: text as never };
      expect(() => POP.encode(pop)).toThrow('tally/pop/v1 key must be 64 lower-case hex digits');
    },
  );
});

describe('tags', () => {
  it('separate records whose bytes are equal', () => {
    const bytes = new Uint8Array(ENTITLE.size);
    expect(new Set(SIZES.map(([codec]) => toHex(codec.tag))).size).toBe(SIZES.length);
    expect(recordHash(sha256, ENTITLE, ENTITLE.decode(bytes))).not.toBe(sha256(bytes));
  });
});

describe('signed records on the wire', () => {
  const value = RECEIPT.decode(Uint8Array.from({ length: RECEIPT.size }, (_, i) => i));
  const { signature, wire } = signRecord(RECEIPT, value, signer);

  it('are SCALE, then the signature, in hex', () => {
    expect(wire).toBe(toHex(RECEIPT.encode(value)) + signature);
    expect(encodeSigned(RECEIPT, value, signature)).toBe(wire);
    expect(decodeSigned(RECEIPT, wire)).toEqual({ value, signature });
  });

  it.each([wire.slice(2), `${wire}00`, wire.toUpperCase(), `${wire.slice(1)}x`, ''])(
    'have one spelling and one length',
    (text) => {
      expect(() => decodeSigned(RECEIPT, text)).toThrow(RangeError);
    },
  );

  it('give a receipt an identity that covers its signature', () => {
    const again = signRecord(RECEIPT, value, other).signature;
    const id = receiptHash(sha256, value, signature);
    expect(id).toBe(sha256(signingBytes(RECEIPT, value), fromHex(signature)));
    expect(receiptHash(sha256, value, again)).not.toBe(id);
    expect(recordHash(sha256, RECEIPT, value)).not.toBe(id);
  });
});

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
}
