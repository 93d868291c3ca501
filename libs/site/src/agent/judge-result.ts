import type { Ed25519, PublicKey, Sha256 } from '@tallystick/kernel';
import { ExclusionReason, type Header, type Task } from '@tallystick/record';
import type { EvidenceRecords } from '../evidence/evidence-file.js';
import type { RoundMemory } from '../log/log-memory.js';
import type { Contradiction } from './contradiction.js';
import { exclusionFault } from './exclusion-fault.js';
import { inclusionFault, leafOfOwn, type OwnContribution } from './inclusion.js';
import { shownLeaf, type Standing } from './standing.js';

/** A closed round as this site can judge it. */
export interface ResultFacts {
  readonly header: Header;
  readonly headerWire: string;
  readonly memory: RoundMemory | undefined;
  /** The task of this round, when this site was asked. */
  readonly task: Task | undefined;
  /** This site's receipt that the round counts or was to count, and the rule for its weight. */
  readonly own: OwnContribution | undefined;
  readonly standing: Standing;
  /** True when the receipt was sent in full and no verdict came. */
  readonly isUnanswered: boolean;
  /** The site's key. */
  readonly key: PublicKey;
}

export interface JudgeDeps {
  readonly sha256: Sha256;
  readonly ed25519: Ed25519;
}

/** Everything in a signed, continuing header that contradicts what this site holds. Pure. */
export function judgeResult(deps: JudgeDeps, facts: ResultFacts): readonly Contradiction[] {
  const { standing } = facts;
  const found: (Contradiction | undefined)[] = [taskMismatch(facts)];
  if (standing.kind === 'included') found.push(wrongInclusion(deps, facts));
  else found.push(brokenPromise(facts));
  if (standing.kind === 'absent' && facts.memory?.promise === undefined) {
    found.push(...wrongAbsence(deps, facts));
  }
  return found.filter((one) => one !== undefined);
}

/** Fields that a header repeats from its task. */
function taskMismatch({
  header,
  headerWire,
  memory,
  task,
}: ResultFacts): Contradiction | undefined {
  if (memory?.task === undefined || task === undefined) return undefined;
  const { wire, hash } = memory.task;
  const at = { run: header.run, round: header.round, code: 'ROUND_HEADER_DIFFERS' as const };
  const records = { task: wire, header: headerWire };
  if (hash !== header.task) {
    const reason = 'it closes another task than this site was given';
    return { ...at, kind: 'equivocation', reason, records };
  }
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['atBlock', header.atBlock, task.atBlock],
    ['modelBefore', header.modelBefore, task.model],
    ['cohort', header.cohort, task.cohort],
    ['deadlineMs', header.deadlineMs, task.deadlineMs],
  ];
  const wrong = pairs.find(([, got, want]) => got !== want);
  if (wrong === undefined) return undefined;
  const reason = `${wrong[0]} is ${String(wrong[1])}, in its task ${String(wrong[2])}`;
  return { ...at, kind: 'history', reason, records };
}

function wrongInclusion({ sha256 }: JudgeDeps, facts: ResultFacts): Contradiction | undefined {
  const { header, own, standing } = facts;
  if (own === undefined || standing.kind !== 'included') return undefined;
  const { inclusion } = standing;
  const fault = inclusionFault(sha256, header, own, inclusion);
  if (fault === undefined) return undefined;
  const leaves = fault.isCounted ? [shownLeaf(leafOfOwn(own, inclusion.weight), inclusion)] : [];
  return {
    ...accusation(facts),
    code: 'ROUND_INCLUSION_INVALID',
    kind: fault.isCounted ? 'weight' : 'inclusion',
    reason: fault.reason,
    exhibits: { leaves },
  };
}

/** A promise that the round does not keep. */
function brokenPromise(facts: ResultFacts): Contradiction | undefined {
  const { header, memory, own, standing } = facts;
  if (memory?.promise === undefined || own === undefined || standing.kind === 'included') {
    return undefined;
  }
  const broken = { ...accusation(facts), code: 'ROUND_PROMISE_BROKEN' as const };
  if (standing.kind === 'unknown') {
    if (header.included === 0) return undefined; // the promises of an empty round may fall with it
    const reason = 'no proof of inclusion was shown for the promised receipt';
    return { ...broken, kind: 'omitted', reason };
  }
  const { other, leaves, exclusion } = standing;
  const exhibits = { leaves, ...(exclusion && { exclusion: exclusion.shown }) };
  if (header.included > 0) {
    const reason = 'the leaves of contribRoot do not hold the promised receipt';
    return { ...broken, kind: other ? 'substituted' : 'omitted', reason, exhibits };
  }
  // An empty round includes nobody; what it was promised stands among the exclusions, with that reason.
  if (exclusion === undefined) return undefined;
  const { receipt, reason: because } = exclusion.exclude;
  if (receipt === own.receiptHash && because === ExclusionReason.quorum) return undefined;
  const reason = `the round is empty and gives reason ${because} for the promised receipt, not 9`;
  return { ...broken, kind: 'omitted', reason, exhibits };
}

/** What is wrong with leaving out a node that was promised nothing. */
function wrongAbsence(deps: JudgeDeps, facts: ResultFacts): (Contradiction | undefined)[] {
  const { header, memory, own, standing, key } = facts;
  if (standing.kind !== 'absent' || memory?.task?.hash !== header.task) return [];
  const { other, leaves, exclusion } = standing;
  const exhibits = { leaves, ...(exclusion && { exclusion: exclusion.shown }) };
  const at = { ...accusation(facts), exhibits };
  if (other !== undefined) {
    const reason = 'it counts a receipt of this node that this site did not sign for it';
    return [{ ...at, code: 'ROUND_INCLUSION_INVALID', kind: 'substituted', reason }];
  }
  const reason =
    exclusion && exclusionFault(deps, { header, exclude: exclusion.exclude, memory, key });
  return [
    reason === undefined
      ? undefined
      : { ...at, code: 'ROUND_EXCLUSION_FALSE', kind: 'excluded', reason },
    own !== undefined && facts.isUnanswered
      ? {
          ...at,
          code: 'ROUND_PROMISE_WITHHELD',
          kind: 'withheld',
          reason: 'the receipt was sent in full, and neither a promise nor a refusal came',
        }
      : undefined,
  ];
}

function accusation({ header, headerWire, memory, own }: ResultFacts) {
  const records: EvidenceRecords = {
    ...(own && { receipt: own.wire }),
    ...(memory?.promise && { promise: memory.promise.wire }),
    header: headerWire,
  };
  return { run: header.run, round: header.round, records };
}
