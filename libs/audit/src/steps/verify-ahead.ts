import type { PublicKey } from '@tallystick/kernel';
import { verifyInPool } from '@tallystick/kernel/node';
import {
  isAdmissibleKey,
  PROMISE,
  RECEIPT,
  type RecordCodec,
  type Signed,
  signingBytes,
} from '@tallystick/record';
import type { RoundEvidence } from '../bundle/round-evidence.js';
import { Mismatch } from '../findings.js';
import { type History, roundOf } from '../history.js';
import { readNodeKey } from '../state/stored-nodes.js';
import { rememberSigned } from './signed-by.js';

/** Signatures handed to the pool at once; each holds some hundred bytes. */
const PAGE = 1_024;

interface Question {
  readonly of: object;
  readonly key: PublicKey;
  readonly ask: () => Promise<boolean>;
}

/**
 * Has the receipts and promises of a round verified on all cores, with the keys that they should be signed by. It only
 * saves time: V4 asks about each of them in its order, and verifies itself what is not known. Never rejects.
 */
export async function verifyAhead(history: History, round: RoundEvidence): Promise<void> {
  const questions = [...receiptsOf(history, round), ...promisesOf(history, round)];
  for (let at = 0; at < questions.length; at += PAGE) {
    await Promise.all(
      questions.slice(at, at + PAGE).map(async ({ of, key, ask }) => {
        rememberSigned(of, key, isAdmissibleKey(key) && (await ask()));
      }),
    );
  }
}

function questionOf<T>(codec: RecordCodec<T>, signed: Signed<T>, key: PublicKey): Question {
  const ask = () => verifyInPool(key, signingBytes(codec, signed.value), signed.signature);
  return { of: signed, key, ask };
}

function receiptsOf({ chain, rounds }: History, counting: RoundEvidence): readonly Question[] {
  return counting.receipts.flatMap((signed) => {
    const { node, keyEpoch, round } = signed.value;
    const asked = roundOf(rounds, round) ?? counting;
    try {
      const stored = readNodeKey(chain.stateAt(asked.task.value.atBlock), node, keyEpoch);
      return stored === undefined ? [] : [questionOf(RECEIPT, signed, stored.key)];
    } catch (error) {
      if (error instanceof Mismatch) return []; // V4 says it, in its order
      throw error;
    }
  });
}

function promisesOf({ run }: History, { round, promises }: RoundEvidence): readonly Question[] {
  const key = run.coordinatorKeys.findLast((entry) => entry.fromRound <= round)?.key;
  return key === undefined ? [] : promises.map((signed) => questionOf(PROMISE, signed, key));
}
