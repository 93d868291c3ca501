import { type Hash, type Sha256, type Signature, type Signer, toHex } from '@tallystick/kernel';
import {
  CONTRIB,
  DECLINE,
  ENTITLE,
  EPOCH,
  EXCLUDE,
  GENESIS,
  HEADER,
  HELLO,
  MEMBER,
  POP,
  PROMISE,
  type Receipt,
  RECEIPT,
  receiptHash,
  type RecordCodec,
  recordHash,
  signRecord,
  TASK,
} from '../index.js';
import * as samples from './samples.js';

/** One record; integers beyond u32 as decimal text, `receiptHash` on receipts alone. */
export interface RecordVector {
  readonly name: string;
  readonly tag: string;
  readonly fields: Readonly<Record<string, string | number>>;
  readonly scale: string;
  readonly hash: Hash;
  readonly signature: Signature;
  readonly receiptHash?: Hash;
}

/** Every record with fields that differ, some also at the ends of their ranges. */
export function recordVectors(sha256: Sha256, signer: Signer): readonly RecordVector[] {
  const vector = <T extends object>(codec: RecordCodec<T>, value: T): RecordVector => ({
    name: codec.name,
    tag: toHex(codec.tag),
    fields: jsonFields(value),
    scale: toHex(codec.encode(value)),
    hash: recordHash(sha256, codec, value),
    signature: signRecord(codec, value, signer).signature,
  });
  const receipt = (value: Receipt): RecordVector => {
    const plain = vector(RECEIPT, value);
    return { ...plain, receiptHash: receiptHash(sha256, value, plain.signature) };
  };
  return [
    vector(HELLO, samples.hello),
    vector(POP, samples.pop),
    vector(GENESIS, samples.genesis),
    vector(TASK, samples.task),
    receipt(samples.receipt),
    receipt(samples.extremeReceipt),
    vector(DECLINE, samples.decline),
    vector(PROMISE, samples.promise),
    vector(MEMBER, samples.member),
    vector(MEMBER, samples.extremeMember),
    vector(CONTRIB, samples.contrib),
    vector(EXCLUDE, samples.exclude),
    vector(HEADER, samples.header),
    vector(HEADER, samples.extremeHeader),
    vector(EPOCH, samples.epoch),
    vector(ENTITLE, samples.entitle),
  ];
}

function jsonFields(value: object): Readonly<Record<string, string | number>> {
  const fields = Object.entries(value).map(([key, field]: [string, string | number | bigint]) => {
    return [key, typeof field === 'bigint' ? String(field) : field] as const;
  });
  return Object.fromEntries(fields);
}
