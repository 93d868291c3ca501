import { asRunId, fromHex, type Hash, type RunId, type Sha256, toHex } from '@tallystick/kernel';

/** What the log is kept about. */
export type SignedKind = 'task' | 'header';

/** One signature that was asked for. */
export interface SigningRecord {
  readonly kind: SignedKind;
  readonly chain: Hash;
  readonly run: RunId;
  readonly round: number;
  /** H(tag ‖ SCALE) of what is signed. */
  readonly hash: Hash;
}

const KINDS: readonly SignedKind[] = ['task', 'header'];
const BODY_BYTES = 76;
const CHECK_BYTES = 4;
/** kind u8, 3 zeros, run u32, round u32, chain, hash; then the first 4 bytes of their SHA-256. Little-endian. */
export const RECORD_BYTES: number = BODY_BYTES + CHECK_BYTES;

export function encodeSigningRecord(sha256: Sha256, record: SigningRecord): Uint8Array {
  const { kind, chain, run, round, hash } = record;
  const bytes = new Uint8Array(RECORD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, KINDS.indexOf(kind) + 1);
  view.setUint32(4, run, true);
  view.setUint32(8, round, true);
  bytes.set(fromHex(chain), 12);
  bytes.set(fromHex(hash), 44);
  bytes.set(checkOf(sha256, bytes), BODY_BYTES);
  return bytes;
}

/** Undefined when the bytes are not what `encodeSigningRecord` gives. */
export function decodeSigningRecord(sha256: Sha256, bytes: Uint8Array): SigningRecord | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = KINDS[view.getUint8(0) - 1];
  const check = bytes.subarray(BODY_BYTES, RECORD_BYTES);
  if (kind === undefined || toHex(check) !== toHex(checkOf(sha256, bytes))) return undefined;
  return {
    kind,
    run: asRunId(view.getUint32(4, true)),
    round: view.getUint32(8, true),
    chain: toHex(bytes.subarray(12, 44)) as Hash, // 32 bytes
    hash: toHex(bytes.subarray(44, BODY_BYTES)) as Hash, // 32 bytes
  };
}

function checkOf(sha256: Sha256, bytes: Uint8Array): Uint8Array {
  return fromHex(sha256(bytes.subarray(0, BODY_BYTES))).subarray(0, CHECK_BYTES);
}
