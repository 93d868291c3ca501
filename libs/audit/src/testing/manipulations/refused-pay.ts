import { encodeCall } from '@tallystick/chain/testing';
import { toHex } from '@tallystick/kernel';
import { blockTimeMs } from '../../state/chain-facts.js';
import { readPayout } from '../../state/stored-epochs.js';
import { readOrganisation } from '../../state/stored-nodes.js';
import { runKey } from '../../state/stored-run.js';
import { StandingClock, TestChain } from '../fixture/test-chain.js';
import type { OperatorKeys } from '../fixture/test-keys.js';
import type { Evidence } from '../operator/evidence.js';
import { refusalIn } from '../operator/refusal.js';
import { replay } from '../operator/replay.js';
import { settledAt, settledAtMs } from '../operator/resettle.js';
import { claim, type Paid, type RefusedPay, settle, type Stage, STAGES } from './paid-run.js';
import { lastRound, the } from './pick.js';
import { REFUSED_CLAIMS } from './refused-claims.js';
import { REFUSED_DISPUTES } from './refused-disputes.js';
import { REFUSED_SETTLEMENTS } from './refused-settlements.js';

/** The windows of the test runs. */
const DAY_MS = 86_400_000;

/** Every call about money that must be refused; names are unique. */
export const REFUSED_PAY: readonly RefusedPay[] = [
  ...REFUSED_SETTLEMENTS,
  ...REFUSED_CLAIMS,
  ...REFUSED_DISPUTES,
];

/** Tries every call at its stage of a run that pays by weight; yields the error that the pallet gave. */
export async function* tryPay(
  evidence: Evidence,
  keys: OperatorKeys,
  calls: readonly RefusedPay[] = REFUSED_PAY,
): AsyncGenerator<{ readonly call: RefusedPay; readonly error: string | undefined }> {
  const clock = new StandingClock(0);
  const chain = await TestChain.open(evidence.spec, keys.authority, clock);
  const paid = paidOf(evidence, keys);
  const key = runKey(evidence.history.runId);
  try {
    for (const stage of STAGES) {
      await advance(stage, { chain, clock, evidence, paid });
      for (const call of calls.filter((each) => each.stage === stage)) {
        const before = toHex(chain.read(key) ?? new Uint8Array());
        await chain.block([call.by?.(keys) ?? keys.account, encodeCall(call.call(paid))]);
        const isRefused = toHex(chain.read(key) ?? new Uint8Array()) === before;
        yield { call, error: isRefused ? await refusalIn(chain) : undefined };
      }
    }
  } finally {
    await chain.close();
  }
}

function paidOf({ history }: Evidence, keys: OperatorKeys): Paid {
  const read = history.chain.stateAt(history.chain.head.number);
  return {
    run: history.runId,
    epoch: the(history.epochs[0]),
    rounds: history.rounds,
    keys,
    payee: (node) => the(readPayout(read, readOrganisation(read, node))),
  };
}

interface Place {
  readonly chain: TestChain;
  readonly clock: StandingClock;
  readonly evidence: Evidence;
  readonly paid: Paid;
}

/** Brings the chain to a stage, from the one before it. */
async function advance(stage: Stage, { chain, clock, evidence, paid }: Place): Promise<void> {
  const { blocks, history } = evidence;
  const at = settledAt(evidence);
  const { round } = lastRound(history);
  switch (stage) {
    case 'committed':
      for (const block of blocks.slice(0, at - 1)) await replay(chain, clock, block);
      return clock.set(Number(blockTimeMs(history.chain.stateAt(the(history.commits.get(round))))));
    case 'counted':
      return clock.set(settledAtMs(evidence));
    case 'settled':
      await chain.block([paid.keys.account, encodeCall(settle(() => ({}))(paid))]);
      return;
    case 'final':
      return clock.set(settledAtMs(evidence) + DAY_MS);
    case 'claimed':
      await chain.block([paid.keys.treasury, encodeCall(claim(() => ({}))(paid))]);
      return;
  }
}
