import { concatBytes, fromHex, type Hash } from '@tallystick/kernel';
import {
  CONTRIB,
  ENTITLE,
  MEMBER,
  PROMISE,
  RECEIPT,
  type RecordCodec,
  type Signed,
  type SumNode,
  TASK,
} from '@tallystick/record';
import { littleEndian, vector } from '../embedded/scale.js';
import type { DemandAnswer, DemandSubject } from './demand-ledger.js';
import type { EntitlementClaim, PayFault, ShownContribution, Standing } from './pay-ledger.js';

/** SCALE bytes of the arguments that hold records: a record's bytes are the codec's own, never a translation. */

const u32 = (value: number): Uint8Array => littleEndian(value, 4);

export function sumProofBytes(proof: readonly SumNode[]): Uint8Array {
  return vector(proof.map(({ hash, sum }) => concatBytes(fromHex(hash), littleEndian(sum, 16))));
}

function plainProofBytes(proof: readonly Hash[]): Uint8Array {
  return vector(proof.map((hash) => fromHex(hash)));
}

function signedBytes<T>(codec: RecordCodec<T>, { value, signature }: Signed<T>): Uint8Array {
  return concatBytes(codec.encode(value), fromHex(signature));
}

/** `Claim` of the pallet. */
function claimBytes({ index, leaf, proof }: EntitlementClaim): Uint8Array {
  return concatBytes(u32(index), ENTITLE.encode(leaf), sumProofBytes(proof));
}

/** `BoundedVec<Claim>` of the pallet. */
export function claimsBytes(claims: readonly EntitlementClaim[]): Uint8Array {
  return vector(claims.map(claimBytes));
}

/** `Subject` of the pallet. */
export function subjectBytes(subject: DemandSubject): Uint8Array {
  return subject.kind === 'leaf'
    ? concatBytes(Uint8Array.of(0), u32(subject.index))
    : concatBytes(Uint8Array.of(1), signedBytes(PROMISE, subject.promise));
}

/** `Fault::Unanswered` of the pallet. */
export function unansweredBytes(run: number, round: number, demand: number): Uint8Array {
  return concatBytes(Uint8Array.of(0), u32(run), u32(round), u32(demand));
}

/** `Fault` of the pallet, of those about pay. */
export function payFaultBytes(fault: PayFault): Uint8Array {
  const place = [u32(fault.run), u32(fault.epoch)];
  if (fault.kind === 'order') {
    return concatBytes(
      Uint8Array.of(6),
      ...place,
      claimBytes(fault.first),
      claimBytes(fault.second),
    );
  }
  const { account, before, after, shown } = fault;
  const standings = [before, after].map(standingBytes);
  const leaves = vector(shown.map(shownBytes));
  return concatBytes(Uint8Array.of(7), ...place, fromHex(account), ...standings, leaves);
}

/** `Standing` of the pallet. */
function standingBytes(standing: Standing): Uint8Array {
  if (standing.kind === 'absent') {
    const neighbours = [standing.left, standing.right].map((claim) =>
      claim === undefined ? Uint8Array.of(0) : concatBytes(Uint8Array.of(1), claimBytes(claim)),
    );
    return concatBytes(Uint8Array.of(1), ...neighbours);
  }
  const { index, leaf, proof } = standing.claim;
  const cumulative = littleEndian(leaf.cumulative, 16);
  return concatBytes(Uint8Array.of(0), u32(index), cumulative, sumProofBytes(proof));
}

/** `ShownLeaf` of the pallet. */
function shownBytes({ round, index, leaf, proof }: ShownContribution): Uint8Array {
  return concatBytes(u32(round), u32(index), CONTRIB.encode(leaf), sumProofBytes(proof));
}

/** `Answer` of the pallet. */
export function answerBytes(answer: DemandAnswer): Uint8Array {
  switch (answer.kind) {
    case 'leaf':
      return concatBytes(
        Uint8Array.of(0),
        TASK.encode(answer.task),
        CONTRIB.encode(answer.leaf),
        sumProofBytes(answer.proof),
        signedBytes(RECEIPT, answer.receipt),
        MEMBER.encode(answer.member),
        u32(answer.memberIndex),
        plainProofBytes(answer.memberProof),
      );
    case 'counted':
      return concatBytes(
        Uint8Array.of(1),
        u32(answer.index),
        CONTRIB.encode(answer.leaf),
        sumProofBytes(answer.proof),
      );
    case 'quorum':
      return concatBytes(Uint8Array.of(2), u32(answer.index), plainProofBytes(answer.proof));
  }
}
