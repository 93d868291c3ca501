import { decodeRecords, encodeRecords, type Member, MEMBER } from '@tallystick/record';
import { LIMITS } from '../limits.js';

/** Member records one after another: payload of an offer and file `cohort.bin`. Fresh buffer. */
export function encodeCohort(members: readonly Member[]): Uint8Array {
  return encodeRecords(MEMBER, members);
}

/** Reads `encodeCohort`'s bytes; throws RangeError on a torn record or more than maxCohort of them. */
export function decodeCohort(payload: Uint8Array): readonly Member[] {
  if (payload.length > LIMITS.maxCohort * MEMBER.size) {
    throw new RangeError(`a cohort has at most ${LIMITS.maxCohort} members`);
  }
  return decodeRecords(MEMBER, payload);
}
