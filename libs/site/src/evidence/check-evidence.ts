import { type Ed25519, type Hash, type PublicKey, TallyError } from '@tallystick/kernel';
import {
  decodeSigned,
  HEADER,
  PROMISE,
  RECEIPT,
  type RecordCodec,
  TASK,
  verifyRecord,
} from '@tallystick/record';
import type { EvidenceFile } from './evidence-file.js';

interface Placed {
  readonly chain: Hash;
  readonly run: number;
  readonly round: number;
}

/**
 * Every record of the file is signed by the key that the file names for it, and speaks of its run. Throws
 * DATA_EVIDENCE_INVALID. Whether they contradict each other is the chain's question, or an auditor's.
 */
export function checkEvidence(ed25519: Ed25519, file: EvidenceFile, path: string): void {
  const { chain, run, coordinatorKey, key, records } = file;
  const check = <T extends Placed>(
    codec: RecordCodec<T>,
    wire: string | undefined,
    signedBy: PublicKey,
  ): void => {
    if (wire === undefined) return;
    const refuse = (reason: string): TallyError =>
      new TallyError('DATA_EVIDENCE_INVALID', { file: path, reason });
    const { value, signature } = decodeSigned(codec, wire);
    if (value.chain !== chain || value.run !== run) {
      throw refuse(`its ${codec.name} is of another chain or run`);
    }
    if (!verifyRecord(ed25519, codec, value, signedBy, signature)) {
      throw refuse(`its ${codec.name} is not signed by ${signedBy}`);
    }
  };
  check(TASK, records.task, coordinatorKey);
  check(TASK, records.otherTask, coordinatorKey);
  check(PROMISE, records.promise, coordinatorKey);
  check(HEADER, records.header, coordinatorKey);
  check(HEADER, records.otherHeader, coordinatorKey);
  check(RECEIPT, records.receipt, key);
}
