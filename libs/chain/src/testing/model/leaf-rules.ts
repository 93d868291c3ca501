import { type Hash, type NodeId, ZERO_HASH } from '@tallystick/kernel';
import { ed25519, sha256 } from '@tallystick/kernel/node';
import {
  CONTRIB,
  type Contrib,
  MEMBER,
  plainLeaf,
  RECEIPT,
  receiptHash,
  recordHash,
  sumLeaf,
  type SumNode,
  TASK,
  type Task,
  verifyPlain,
  verifyRecord,
  verifySum,
} from '@tallystick/record';
import type { LeafEvidence } from './call.js';
import { isVoid, newestRound, roundOf, standOn } from './round-rules.js';
import { ensure, type Env, known } from './rules.js';
import type { Consent, NodeKey, Round, Run, State } from './state.js';

const MAX_LAG = 64;
const ASYNCHRONOUS = 2;

/** A committed round of a run, and where it is judged. */
export interface Place {
  readonly state: State;
  readonly env: Env;
  readonly id: number;
  readonly run: Run;
  readonly number: number;
  readonly round: Round;
}

/** True iff the leaf stands at this place of a round's contributions. */
export function isContribution(
  round: Round,
  index: number,
  { leaf, proof }: { readonly leaf: Contrib; readonly proof: readonly SumNode[] },
): boolean {
  return verifySum(sha256, {
    root: round.included > 0 ? round.root : ZERO_HASH,
    count: round.included,
    total: round.sumWeight,
    index,
    leaf: { hash: sumLeaf(sha256, CONTRIB, leaf), sum: leaf.weight },
    proof,
  });
}

/** leaves.rs: a task, a member of its cohort, a key and a consent in force, a signed receipt, and the weight rule. */
export function ensureLeaf(at: Place, index: number, evidence: LeafEvidence): void {
  const { task, leaf, member } = evidence;
  ensure(isContribution(at.round, index, evidence), 'BadPath');
  ensureTask(at, task);
  const key = keyAt(at.state, leaf, at.round.atBlock);
  const isMember = verifyPlain(sha256, {
    root: task.cohortRoot,
    count: task.cohort,
    index: evidence.memberIndex,
    leaf: plainLeaf(sha256, MEMBER, member),
    proof: evidence.memberProof,
  });
  ensure(isMember, 'NotMember');
  const { cap } = at.run.weighting;
  const capped = key.cap < cap ? key.cap : cap;
  const isRightful =
    member.node === leaf.node && member.keyEpoch === leaf.keyEpoch && member.cap === capped;
  ensure(isRightful, 'WrongMember');
  const lag = ensureReceipt(at, evidence, key);
  ensure(
    weightOf(at.run, leaf.numExamples, { cap: capped, unit: task.unit, lag }) === leaf.weight,
    'WrongWeight',
  );
}

function ensureTask({ state, env, id, run, number, round }: Place, task: Task): void {
  ensure(recordHash(sha256, TASK, task) === round.task, 'OtherTask');
  const before = standOn(env, id, run, newestRound(state, id, number));
  const isRightful =
    task.chain === env.chain &&
    task.run === id &&
    task.round === number &&
    task.prev === before.head &&
    task.spec === run.spec &&
    task.model === before.newest &&
    task.state === before.state &&
    task.atBlock === round.atBlock &&
    task.cohort === round.included + round.excluded &&
    task.unit > 0n &&
    (task.unit & (task.unit - 1n)) === 0n;
  ensure(isRightful, 'WrongTask');
}

function keyAt(state: State, leaf: Contrib, atBlock: number): NodeKey {
  const node = known(state.nodes.get(leaf.node), 'UnknownNode');
  const key = known(state.nodeKeys.get(`${leaf.node}/${leaf.keyEpoch}`), 'KeyNotInForce');
  const isInForce =
    key.fromBlock <= atBlock && (key.untilBlock === undefined || atBlock < key.untilBlock);
  ensure(isInForce, 'KeyNotInForce');
  const organisation = known(state.organisations.get(node.organisation), 'UnknownOrganisation');
  ensure(organisation.active || atBlock < organisation.since, 'OrganisationSuspended');
  return key;
}

function ensureReceipt(
  at: Place,
  { leaf, receipt: { value: receipt, signature } }: LeafEvidence,
  key: NodeKey,
): number {
  ensure(receiptHash(sha256, receipt, signature) === leaf.receipt, 'OtherReceipt');
  const lag = at.number - receipt.round;
  const allowed = at.round.mode === ASYNCHRONOUS ? MAX_LAG : 0;
  const isLate = 0 <= lag && lag <= allowed && !isVoid(at.state, at.id, receipt.round);
  ensure(isLate, 'WrongReceipt');
  const asked = known(roundOf(at.state, at.id, receipt.round), 'WrongReceipt');
  let policy = ensureConsent(at, leaf.node);
  if (lag > 0) {
    keyAt(at.state, leaf, asked.atBlock);
    policy = ensureConsent({ ...at, number: receipt.round, round: asked }, leaf.node);
  }
  const before = newestRound(at.state, at.id, receipt.round);
  const isRightful =
    receipt.chain === at.env.chain &&
    receipt.run === at.id &&
    receipt.prev === standOn(at.env, at.id, at.run, before).head &&
    receipt.task === asked.task &&
    receipt.node === leaf.node &&
    receipt.keyEpoch === leaf.keyEpoch &&
    receipt.update === leaf.update &&
    receipt.numExamples === leaf.numExamples &&
    receipt.policy === policy &&
    receipt.numExamples > 0n;
  ensure(isRightful, 'WrongReceipt');
  const isSigned = verifyRecord(ed25519, RECEIPT, receipt, key.key, signature);
  ensure(isSigned, 'BadReceiptSignature');
  return lag;
}

function ensureConsent({ state, id, run, number, round }: Place, node: NodeId): Hash {
  const consent = consentAt(state, `${id}/${node}`, round.atBlock);
  if (consent === undefined) {
    ensure(!run.consentRequired, 'NoConsent');
    return ZERO_HASH;
  }
  const isCovered =
    (consent.revokedAtBlock === undefined || round.atBlock < consent.revokedAtBlock) &&
    consent.fromRound <= number &&
    number <= consent.untilRound &&
    round.closedAtMs <= consent.untilMs &&
    consent.purposes.includes(run.purpose);
  ensure(isCovered, 'NoConsent');
  return consent.policy;
}

function consentAt(state: State, key: string, atBlock: number): Consent | undefined {
  const newest = state.consents.get(key);
  const all = [...(state.pastConsents.get(key) ?? []), ...(newest === undefined ? [] : [newest])];
  return all.findLast(({ fromBlock }) => fromBlock <= atBlock);
}

interface Rule {
  readonly cap: bigint;
  readonly unit: bigint;
  readonly lag: number;
}

function weightOf({ weighting }: Run, examples: bigint, { cap, unit, lag }: Rule): bigint {
  const counted = (examples < cap ? examples : cap) / unit;
  const whole = weighting.kind === 'equal' || counted === 0n ? 1n : counted;
  const discount = BigInt(Math.round(2 ** 16 / Math.sqrt(1 + lag)));
  const less = (whole * discount) >> 16n;
  return less === 0n ? 1n : less;
}
