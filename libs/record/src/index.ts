/**
 * record: the bytes of everything that is signed, hashed or proved (protocol.md §4).
 *
 * One interface and one codec per record, built from a table of fixed-width fields; hashes and signatures over
 * tag ‖ SCALE; plain and sum trees in the shape of RFC 6962 with their proofs; admissible Ed25519 keys; canonical
 * JSON (RFC 8785).
 *
 * Invariants: equal values ⇔ equal bytes; a tag separates every kind of record; a sum never leaves u128.
 * The Rust crate `chain/records` gives the same bytes, and both read `test-vectors/`.
 *
 * It refuses to know SHA-256 or Ed25519 themselves (the caller passes them in), to hold keys or state, and to read
 * a record leniently: a wrong length or an out-of-range field is a RangeError.
 */
export { isAdmissibleKey } from './admissible-key.js';
export { canonicalJson } from './canonical-json.js';
export * from './codecs.js';
export { type PlainClaim, plainLeaf, plainProof, plainRoot, verifyPlain } from './plain-tree.js';
export { DeclineReason, ExclusionReason, LOSS_NOT_MEASURED, RoundMode } from './reasons.js';
export {
  decodeRecords,
  encodeRecords,
  type RecordCodec,
  recordHash,
  signingBytes,
} from './record-codec.js';
export type * from './records.js';
export {
  decodeSigned,
  encodeSigned,
  receiptHash,
  type Signed,
  signRecord,
  verifyRecord,
} from './signed-record.js';
export {
  type SumClaim,
  sumLeaf,
  type SumNode,
  sumProof,
  sumProofs,
  sumTree,
  verifySum,
} from './sum-tree.js';
