import { concatBytes } from '@tallystick/kernel';
import { type Member, MEMBER } from '@tallystick/record';
import { LIMITS } from '../limits.js';

/** Member records one after another: payload of an offer and file `cohort.bin`. Fresh buffer. */
export function encodeCohort(members: readonly Member[]): Uint8Array {
  return concatBytes(...members.map((member) => MEMBER.encode(member)));
}

/** Reads `encodeCohort`'s bytes; throws RangeError on a torn record or more than maxCohort of them. */
export function decodeCohort(payload: Uint8Array): readonly Member[] {
  const count = payload.length / MEMBER.size;
  if (!Number.isInteger(count) || count > LIMITS.maxCohort) {
    throw new RangeError(
      `a cohort has whole ${MEMBER.size}-byte members, at most ${LIMITS.maxCohort}; got ${payload.length} bytes`,
    );
  }
  return Array.from({ length: count }, (_, i) =>
    MEMBER.decode(payload.subarray(i * MEMBER.size, (i + 1) * MEMBER.size)),
  );
}
