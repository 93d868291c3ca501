import {
  type AccountId,
  asAccountId,
  asHash,
  asNodeId,
  asPublicKey,
  asRunId,
  fromHex,
  type Hash,
  type NodeId,
  type PublicKey,
  type RunId,
  toHex,
} from '@tallystick/kernel';

/** One fixed-width field of a record: SCALE without Compact, so each value has exactly one encoding. */
export interface Field<T> {
  /** Bytes. */
  readonly size: number;
  /** Writes `value` at `at`; throws RangeError naming `what` when it does not fit. */
  write(view: DataView, at: number, value: T, what: string): void;
  read(view: DataView, at: number): T;
}

const WORD = 1n << 64n;

function checkNumber(value: number, max: number, what: string): number {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new RangeError(`${what} must be an integer in 0..${max}, got ${value}`);
  }
  return value;
}

function checkBigint(value: bigint, [min, max]: readonly [bigint, bigint], what: string): bigint {
  if (typeof value !== 'bigint' || value < min || value > max) {
    throw new RangeError(`${what} must be a bigint in ${min}..${max}, got ${value}`);
  }
  return value;
}

export const u8: Field<number> = {
  size: 1,
  write: (view, at, value, what) => view.setUint8(at, checkNumber(value, 0xff, what)),
  read: (view, at) => view.getUint8(at),
};

export const u32: Field<number> = {
  size: 4,
  write: (view, at, value, what) => view.setUint32(at, checkNumber(value, 0xffff_ffff, what), true),
  read: (view, at) => view.getUint32(at, true),
};

export const u64: Field<bigint> = {
  size: 8,
  write: (view, at, value, what) =>
    view.setBigUint64(at, checkBigint(value, [0n, WORD - 1n], what), true),
  read: (view, at) => view.getBigUint64(at, true),
};

export const i64: Field<bigint> = {
  size: 8,
  write: (view, at, value, what) =>
    view.setBigInt64(at, checkBigint(value, [-WORD / 2n, WORD / 2n - 1n], what), true),
  read: (view, at) => view.getBigInt64(at, true),
};

export const u128: Field<bigint> = {
  size: 16,
  write: (view, at, value, what) => {
    checkBigint(value, [0n, WORD * WORD - 1n], what);
    view.setBigUint64(at, value % WORD, true);
    view.setBigUint64(at + 8, value / WORD, true);
  },
  read: (view, at) => view.getBigUint64(at, true) + view.getBigUint64(at + 8, true) * WORD,
};

/** u32 with the brand that `brand` gives. */
function branded<T extends number>(brand: (value: number) => T): Field<T> {
  return { ...u32, read: (view, at) => brand(u32.read(view, at)) };
}

/** `size` bytes held as lower-case hex. */
function hex<T extends string>(size: number, brand: (text: string) => T): Field<T> {
  const pattern = new RegExp(`^[0-9a-f]{${2 * size}}$`);
  const bytes = (view: DataView, at: number): Uint8Array =>
    new Uint8Array(view.buffer, view.byteOffset + at, size);
  return {
    size,
    write: (view, at, value, what) => {
      if (typeof value !== 'string' || !pattern.test(value)) {
        const got = String(value).slice(0, 140);
        throw new RangeError(`${what} must be ${2 * size} lower-case hex digits, got ${got}`);
      }
      bytes(view, at).set(fromHex(value));
    },
    read: (view, at) => brand(toHex(bytes(view, at))),
  };
}

export const nodeId: Field<NodeId> = branded(asNodeId);
export const runId: Field<RunId> = branded(asRunId);
export const hash: Field<Hash> = hex(32, asHash);
export const publicKey: Field<PublicKey> = hex(32, asPublicKey);
export const accountId: Field<AccountId> = hex(32, asAccountId);
export const bytes32: Field<string> = hex(32, String);
export const bytes16: Field<string> = hex(16, String);
