/**
 * The records of protocol.md §4, written a second time from its text: these tests speak the protocol as a stranger would
 * and import none of the product's code.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Bytes of a field, or an integer of that many bytes. */
type Field = { readonly hex: number } | { readonly int: number; readonly signed?: true };
type Value = string | number | bigint;
export type Fields = Readonly<Record<string, Value>>;

const H: Field = { hex: 32 };
const U8: Field = { int: 1 };
const U32: Field = { int: 4 };
const U64: Field = { int: 8 };
const I64: Field = { int: 8, signed: true };

export const sha256 = (...parts: readonly Uint8Array[]): string =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');

/** A kind of record: its tag and its fields in order. */
export class Kind {
  readonly #tag: Uint8Array;
  readonly #fields: readonly (readonly [string, Field])[];

  constructor(tag: string, fields: Readonly<Record<string, Field>>) {
    this.#tag = Buffer.from(tag.padEnd(16, '\0'), 'latin1');
    this.#fields = Object.entries(fields);
  }

  encode(values: Fields): Buffer {
    return Buffer.concat(
      this.#fields.map(([name, field]) => {
        const value = values[name];
        if (value === undefined) throw new Error(`${name} is missing`);
        return 'hex' in field ? Buffer.from(String(value), 'hex') : intBytes(BigInt(value), field);
      }),
    );
  }

  /** Reads the fields at the start of `bytes`; a signature may follow. */
  decode(bytes: Uint8Array): Record<string, Value> {
    const buffer = Buffer.from(bytes);
    let at = 0;
    const entries = this.#fields.map(([name, field]) => {
      const size = 'hex' in field ? field.hex : field.int;
      const piece = buffer.subarray(at, (at += size));
      return [name, 'hex' in field ? piece.toString('hex') : readInt(piece, field)] as const;
    });
    return Object.fromEntries(entries);
  }

  hash(values: Fields): string {
    return sha256(this.#tag, this.encode(values));
  }

  /** Hex of SCALE ‖ signature. */
  sign(values: Fields, key: KeyObject): string {
    const bytes = this.encode(values);
    return this.wire(values, sign(null, Buffer.concat([this.#tag, bytes]), key));
  }

  /** Hex of SCALE ‖ any 64 bytes. */
  wire(values: Fields, signature: Uint8Array): string {
    return Buffer.concat([this.encode(values), signature]).toString('hex');
  }
}

function intBytes(value: bigint, field: { readonly int: number }): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes.subarray(0, field.int);
}

function readInt(bytes: Buffer, field: { readonly int: number; readonly signed?: true }): Value {
  if (field.int < 8) return bytes.readUIntLE(0, field.int);
  return field.signed === true ? bytes.readBigInt64LE() : bytes.readBigUInt64LE();
}

export const HELLO = new Kind('tally/hello/v1', {
  chain: H,
  node: U32,
  keyEpoch: U32,
  coordinatorKey: H,
  serverNonce: H,
  clientNonce: H,
});
export const POP = new Kind('tally/pop/v1', { chain: H, owner: H, key: H });
export const TASK = new Kind('tally/task/v1', {
  chain: H,
  run: U32,
  round: U32,
  prev: H,
  spec: H,
  model: H,
  state: H,
  atBlock: U32,
  atHash: H,
  cohortRoot: H,
  cohort: U32,
  unit: U64,
  deadlineMs: U64,
});
export const RECEIPT = new Kind('tally/receipt/v1', {
  chain: H,
  run: U32,
  round: U32,
  prev: H,
  task: H,
  node: U32,
  keyEpoch: U32,
  update: H,
  updateBytes: U64,
  numExamples: U64,
  lossBefore: I64,
  lossAfter: I64,
  policy: H,
  salt: { hex: 16 },
});
export const HEADER = new Kind('tally/header/v1', {
  chain: H,
  mode: U8,
  run: U32,
  round: U32,
  prev: H,
  task: H,
  atBlock: U32,
  modelBefore: H,
  modelAfter: H,
  stateAfter: H,
  contribRoot: H,
  included: U32,
  sumWeight: U64,
  excludedRoot: H,
  excluded: U32,
  cohort: U32,
  metrics: H,
  deadlineMs: U64,
  closedAtMs: U64,
});

export const PROMISE = new Kind('tally/promise/v1', {
  chain: H,
  run: U32,
  round: U32,
  node: U32,
  receipt: H,
  dueMs: U64,
});

/** A key of a site's folder. */
export function readKey(file: string): KeyObject {
  return createPrivateKey(readFileSync(file, 'utf8'));
}

/** The 32 bytes of the public key, as hex. */
export function publicHex(key: KeyObject): string {
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return der.subarray(-32).toString('hex');
}
