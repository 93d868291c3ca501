import { concatBytes, fromHex, type Hash, type Sha256, utf8 } from '@tallystick/kernel';

const TAG = utf8('tally/audit/v1\0\0');

/** What nobody knew before an epoch's last round was committed. */
export interface AuditOrigin {
  /** Hash of the epoch's last header. */
  readonly lastHeader: Hash;
  /** Hash of the block that holds its commit. */
  readonly block: Hash;
}

/**
 * H(tag ‖ lastHeader ‖ block): seed of an epoch's audits. Whoever makes blocks can choose among several, and on an
 * embedded chain that is the coordinator.
 */
export function auditSeed(sha256: Sha256, { lastHeader, block }: AuditOrigin): Hash {
  return sha256(concatBytes(TAG, fromHex(lastHeader), fromHex(block)));
}
