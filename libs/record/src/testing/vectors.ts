import {
  type AccountId,
  asAccountId,
  asHash,
  asNodeId,
  asPublicKey,
  asRunId,
  fromHex,
  type Hash,
  type PublicKey,
  type Sha256,
  type Signer,
  toHex,
  utf8,
} from '@tallystick/kernel';
import {
  CONTRIB,
  DECLINE,
  ENTITLE,
  EPOCH,
  EXCLUDE,
  GENESIS,
  HEADER,
  HELLO,
  LOSS_NOT_MEASURED,
  MEMBER,
  plainLeaf,
  plainProof,
  plainRoot,
  POP,
  PROMISE,
  RECEIPT,
  receiptHash,
  type RecordCodec,
  recordHash,
  signRecord,
  sumLeaf,
  sumProof,
  sumTree,
  TASK,
} from '../index.js';

/** Seed of the key that signs every vector. */
export const VECTOR_SEED: string = '07'.repeat(32);

/** 32 bytes counting up from `first`, so that no two fields of a record look alike. */
function counting(first: number, length = 32): string {
  return toHex(Uint8Array.from({ length }, (_, i) => (first + i) & 255));
}

interface Samples {
  readonly hash: (first: number) => Hash;
  readonly key: (first: number) => PublicKey;
  readonly account: (first: number) => AccountId;
}
const at: Samples = {
  hash: (first) => asHash(counting(first)),
  key: (first) => asPublicKey(counting(first)),
  account: (first) => asAccountId(counting(first)),
};
const node = asNodeId(0x01020304);
const run = asRunId(0x11121314);
const round = 0x21222324;
const inRound = { chain: at.hash(0), run, round };
const MAX_U64 = 2n ** 64n - 1n;
const MAX_U128 = 2n ** 128n - 1n;

/** One record in the vectors; integers beyond u32 as decimal text, `receiptHash` on receipts alone. */
export interface RecordVector {
  readonly name: string;
  readonly tag: string;
  readonly fields: Readonly<Record<string, string | number>>;
  readonly scale: string;
  readonly hash: Hash;
  readonly signature: string;
  readonly receiptHash?: Hash;
}

/** Every record with fields that differ, then some at the ends of their ranges. */
export function recordVectors(sha256: Sha256, signer: Signer): readonly RecordVector[] {
  const vector = <T extends object>(codec: RecordCodec<T>, value: T): RecordVector => ({
    name: codec.name,
    tag: toHex(codec.tag),
    fields: Object.fromEntries(
      Object.entries(value).map(([key, field]: [string, string | number | bigint]) => [
        key,
        typeof field === 'bigint' ? String(field) : field,
      ]),
    ),
    scale: toHex(codec.encode(value)),
    hash: recordHash(sha256, codec, value),
    signature: signRecord(codec, value, signer).signature,
  });
  const receipt = {
    ...inRound,
    prev: at.hash(32),
    task: at.hash(64),
    node,
    keyEpoch: 0x31323334,
    update: at.hash(96),
    updateBytes: 0x4142434445464748n,
    numExamples: 0x5152535455565758n,
    lossBefore: 693_147_180n,
    lossAfter: -1n,
    policy: at.hash(128),
    salt: counting(160, 16),
  };
  const receiptVector = (value: typeof receipt): RecordVector => ({
    ...vector(RECEIPT, value),
    receiptHash: receiptHash(sha256, value, signRecord(RECEIPT, value, signer).signature),
  });
  const header = {
    chain: at.hash(0),
    mode: 0,
    run,
    round,
    prev: at.hash(32),
    task: at.hash(64),
    atBlock: 0x31323334,
    modelBefore: at.hash(96),
    modelAfter: at.hash(128),
    stateAfter: at.hash(160),
    contribRoot: at.hash(192),
    included: 4,
    sumWeight: 740n,
    excludedRoot: at.hash(224),
    excluded: 2,
    cohort: 6,
    metrics: at.hash(16),
    deadlineMs: 1_800_000_060_000n,
    closedAtMs: 1_800_000_001_234n,
  };
  return [
    vector(HELLO, {
      chain: at.hash(0),
      node,
      keyEpoch: 7,
      coordinatorKey: at.key(32),
      serverNonce: counting(64),
      clientNonce: counting(96),
    }),
    vector(POP, { chain: at.hash(0), owner: at.account(32), key: at.key(64) }),
    vector(GENESIS, { chain: at.hash(0), run, spec: at.hash(32), model: at.hash(64) }),
    vector(TASK, {
      ...inRound,
      prev: at.hash(32),
      spec: at.hash(64),
      model: at.hash(96),
      state: at.hash(128),
      atBlock: 0x31323334,
      atHash: at.hash(160),
      cohortRoot: at.hash(192),
      cohort: 6,
      unit: 8n,
      deadlineMs: 1_800_000_060_000n,
    }),
    receiptVector(receipt),
    receiptVector({
      ...receipt,
      updateBytes: MAX_U64,
      numExamples: 0n,
      lossBefore: LOSS_NOT_MEASURED,
      lossAfter: 2n ** 63n - 1n,
    }),
    vector(DECLINE, { ...inRound, task: at.hash(32), node, reason: 1 }),
    vector(PROMISE, { ...inRound, node, receipt: at.hash(32), dueMs: 1_800_000_120_000n }),
    vector(MEMBER, { node, keyEpoch: 7, cap: 1_000_000n }),
    vector(MEMBER, { node: asNodeId(0xffff_ffff), keyEpoch: 0xffff_ffff, cap: MAX_U64 }),
    vector(CONTRIB, {
      node,
      keyEpoch: 7,
      receipt: at.hash(0),
      update: at.hash(32),
      numExamples: 199n,
      weight: 24n,
    }),
    vector(EXCLUDE, { node, receipt: at.hash(0), reason: 8 }),
    vector(HEADER, header),
    vector(HEADER, { ...header, mode: 255, sumWeight: MAX_U64, deadlineMs: 0n, closedAtMs: 0n }),
    vector(EPOCH, {
      chain: at.hash(0),
      run,
      epoch: 3,
      prev: at.hash(32),
      firstRound: 10,
      lastRound: 14,
      lastHeader: at.hash(64),
      entitleRoot: at.hash(96),
      accounts: 4,
      total: MAX_U128,
    }),
    vector(ENTITLE, { account: at.account(0), cumulative: 0x0102030405060708090a0b0c0d0e0f10n }),
  ];
}

/** Leaves 0..16 and, for every count up to 17, root, total and all proofs. Sums as decimal text. */
export interface TreeVectors {
  readonly plain: {
    readonly leaves: readonly {
      readonly node: number;
      readonly cap: string;
      readonly leaf: Hash;
    }[];
    readonly trees: readonly {
      readonly count: number;
      readonly root: Hash;
      readonly proofs: readonly (readonly Hash[])[];
    }[];
  };
  readonly sum: {
    readonly leaves: readonly {
      readonly account: string;
      readonly cumulative: string;
      readonly leaf: Hash;
    }[];
    readonly trees: readonly {
      readonly count: number;
      readonly root: Hash;
      readonly total: string;
      readonly proofs: readonly (readonly { readonly hash: Hash; readonly sum: string }[])[];
    }[];
  };
}

/** Plain trees over Member {node i, keyEpoch 0, cap 1000·i + 1}, sum trees over Entitle {account i…, 2^64·i + i}. */
export function treeVectors(sha256: Sha256): TreeVectors {
  const indices = Array.from({ length: 17 }, (_, i) => i);
  const plain = indices.map((i) => ({
    node: i,
    cap: BigInt(1000 * i + 1),
    leaf: plainLeaf(sha256, MEMBER, {
      node: asNodeId(i),
      keyEpoch: 0,
      cap: BigInt(1000 * i + 1),
    }),
  }));
  const sum = indices.map((i) => {
    const value = { account: at.account(i), cumulative: (1n << 64n) * BigInt(i) + BigInt(i) };
    return { ...value, leaf: sumLeaf(sha256, ENTITLE, value) };
  });
  const plainLeaves = plain.map(({ leaf }) => leaf);
  const sumLeaves = sum.map(({ leaf, cumulative }) => ({ hash: leaf, sum: cumulative }));
  return {
    plain: {
      leaves: plain.map((leaf) => ({ ...leaf, cap: String(leaf.cap) })),
      trees: [0, ...indices.map((i) => i + 1)].map((count) => {
        const leaves = plainLeaves.slice(0, count);
        return {
          count,
          root: plainRoot(sha256, leaves),
          proofs: leaves.map((_, i) => plainProof(sha256, leaves, i)),
        };
      }),
    },
    sum: {
      leaves: sum.map((leaf) => ({ ...leaf, cumulative: String(leaf.cumulative) })),
      trees: [0, ...indices.map((i) => i + 1)].map((count) => {
        const leaves = sumLeaves.slice(0, count);
        const { root, total } = sumTree(sha256, leaves);
        const proofs = leaves.map((_, i) =>
          sumProof(sha256, leaves, i).map((step) => ({ hash: step.hash, sum: String(step.sum) })),
        );
        return { count, root, total: String(total), proofs };
      }),
    },
  };
}

/** Encodings that every verifier must refuse or take, with the reason; decided on bytes alone. */
export interface KeyVector {
  readonly key: string;
  readonly admissible: boolean;
  readonly why: string;
}

const P = (1n << 255n) - 19n;

function encodingOf(y: bigint, sign: 0 | 1): string {
  const value = y | (BigInt(sign) << 255n);
  const digits = value.toString(16).padStart(64, '0');
  return toHex(fromHex(digits).reverse());
}

/** The 14 small-order encodings, the other encodings with y ≥ p, and keys that are fine. */
export function keyVectors(signers: readonly Signer[]): readonly KeyVector[] {
  const orderEight = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
  const small: readonly (readonly [bigint, string])[] = [
    [0n, 'order 4'],
    [1n, 'order 1'],
    [P - 1n, 'order 2'],
    [orderEight, 'order 8'],
    [P - orderEight, 'order 8'],
    [P, 'order 4, not canonical'],
    [P + 1n, 'order 1, not canonical'],
  ];
  const refused = [
    ...small,
    ...Array.from({ length: 17 }, (_, i) => [P + 2n + BigInt(i), 'not canonical: y >= p'] as const),
  ];
  const signs = [0, 1] as const;
  return [
    ...refused.flatMap(([y, why]) =>
      signs.map((sign) => ({ key: encodingOf(y, sign), admissible: false, why })),
    ),
    ...signers.map(({ key }) => ({ key, admissible: true, why: 'a key' })),
    {
      key: encodingOf(4n * modInverse(5n), 0),
      admissible: true,
      why: 'the base point',
    },
    { key: encodingOf(P - 2n, 1), admissible: true, why: 'largest canonical y of no small order' },
    {
      key: encodingOf(2n, 0),
      admissible: true,
      why: 'y = 2: judged as bytes, on the curve or not',
    },
  ];
}

function modInverse(a: bigint): bigint {
  let result = 1n;
  let base = a % P;
  for (let e = P - 2n; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * base) % P;
    base = (base * base) % P;
  }
  return result;
}

/** A signature with what the off-chain rule and ZIP-215 say of it. */
export interface SignatureVector {
  readonly name: string;
  readonly key: string;
  readonly message: string;
  readonly signature: string;
  /** S < L and the cofactorless equation, R compared as bytes. */
  readonly valid: boolean;
  /** The runtime's rule; `valid` implies it. */
  readonly zip215: boolean;
}

/** Signatures of "tally" by the key of VECTOR_SEED. */
export function signatureVectors(signer: Signer): readonly SignatureVector[] {
  const message = utf8('tally');
  const good = signer.sign(message);
  const L = (1n << 252n) + 27742317777372353535851937790883648493n;
  const scalar = BigInt(`0x${toHex(fromHex(good.slice(64)).reverse())}`) + L;
  const highS = toHex(fromHex(scalar.toString(16).padStart(64, '0')).reverse());
  const vector = (
    name: string,
    signature: string,
    verdict: Pick<SignatureVector, 'valid' | 'zip215'>,
    text: Uint8Array = message,
  ): SignatureVector => ({ name, key: signer.key, message: toHex(text), signature, ...verdict });
  const bad = { valid: false, zip215: false };
  const flipped = (at: number): string =>
    toHex(fromHex(good).map((byte, i) => (i === at ? byte ^ 1 : byte)));
  return [
    vector('good', good, { valid: true, zip215: true }),
    vector('S + L', good.slice(0, 64) + highS, bad),
    vector('one bit of R', flipped(0), bad),
    vector('one bit of S', flipped(32), bad),
    vector('another message', good, bad, utf8('tallz')),
    vector('zeros', '0'.repeat(128), bad),
    // R moved by a point of order 8 and S made for that R: only the cofactored equation holds.
    vector(
      'R with a torsion component',
      '607055ca3d4aa8af26961afb12b1e60a75fac88f9c260ff25806631dbb26915983fd95092bbaa2348d7ea9e9193e6c46478588f89c837f616131c0f90dde4906',
      { valid: false, zip215: true },
    ),
    {
      name: 'identity key: holds for every message, the key is refused as bytes',
      key: `01${'00'.repeat(31)}`,
      message: toHex(message),
      signature: `01${'00'.repeat(63)}`,
      valid: true,
      zip215: true,
    },
  ];
}
