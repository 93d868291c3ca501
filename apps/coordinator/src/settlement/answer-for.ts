import { type Hash, type Sha256, TallyError } from '@tallystick/kernel';
import type { DemandAnswer, OpenDemand } from '@tallystick/chain';
import {
  type Contrib,
  CONTRIB,
  EXCLUDE,
  ExclusionReason,
  MEMBER,
  plainLeaf,
  plainProof,
  RECEIPT,
  sumLeaf,
  type SumNode,
  sumProof,
  TASK,
} from '@tallystick/record';
import { contribOf } from '@tallystick/rounds';
import type { ContributionEntity } from '../persistence/entities/index.js';
import { recordListOf, recordOf } from '../persistence/record-list.js';
import type { RoundFiles } from '../persistence/round-rows.js';

/** What the rows of a round say to a demand. Throws LEDGER_DEMAND_UNANSWERABLE when they hold no answer. */
export function answerFor(sha256: Sha256, demand: OpenDemand, files: RoundFiles): DemandAnswer {
  const { wanted } = demand;
  const counted = countedOf(sha256, files);
  if (wanted.kind === 'leaf') return leafAnswer(sha256, demand, { files, counted });
  const index = counted.findIndex(({ leaf }) => leaf.receipt === wanted.receipt);
  const found = counted[index];
  if (found !== undefined) {
    const { leaf } = found;
    return { kind: 'counted', index, leaf, proof: proofOf(sha256, counted, index) };
  }
  return quorumAnswer(sha256, demand, files);
}

interface Counted {
  readonly leaf: Contrib;
  readonly row: ContributionEntity;
}

/** Leaves of contribRoot with their rows; none in a round that closed empty. */
function countedOf(sha256: Sha256, { round, contributions }: RoundFiles): readonly Counted[] {
  if (round.emptyReason !== null) return [];
  return contributions.map((row) => {
    const { receiptSignature: signature, weight } = row;
    return {
      leaf: contribOf(sha256, { receipt: recordOf(RECEIPT, row.receipt), signature, weight }),
      row,
    };
  });
}

function proofOf(sha256: Sha256, counted: readonly Counted[], index: number): readonly SumNode[] {
  const leaves = counted.map(({ leaf }) => ({
    hash: sumLeaf(sha256, CONTRIB, leaf),
    sum: leaf.weight,
  }));
  return sumProof(sha256, leaves, index);
}

function leafAnswer(
  sha256: Sha256,
  demand: OpenDemand,
  { files, counted }: { readonly files: RoundFiles; readonly counted: readonly Counted[] },
): DemandAnswer {
  const index = demand.wanted.kind === 'leaf' ? demand.wanted.index : 0;
  const found = counted[index];
  if (found === undefined) throw unanswerable(demand, `the round has no leaf ${index}`);
  const { leaf, row } = found;
  const members = recordListOf(MEMBER, files.round.cohort);
  const memberIndex = members.findIndex(({ node }) => node === leaf.node);
  const member = members[memberIndex];
  if (member === undefined) throw unanswerable(demand, `node ${leaf.node} was not asked`);
  const hashes = members.map((one) => plainLeaf(sha256, MEMBER, one));
  return {
    kind: 'leaf',
    task: recordOf(TASK, files.round.task),
    leaf,
    proof: proofOf(sha256, counted, index),
    receipt: { value: recordOf(RECEIPT, row.receipt), signature: row.receiptSignature },
    member,
    memberIndex,
    memberProof: plainProof(sha256, hashes, memberIndex),
  };
}

/** The promised receipt of a round that closed below its minimum. */
function quorumAnswer(sha256: Sha256, demand: OpenDemand, files: RoundFiles): DemandAnswer {
  const { wanted } = demand;
  const wantedHash: Hash | undefined = wanted.kind === 'receipt' ? wanted.receipt : undefined;
  const exclusions = recordListOf(EXCLUDE, files.round.exclusions ?? '');
  const index = exclusions.findIndex(
    ({ receipt, reason }) => receipt === wantedHash && reason === ExclusionReason.quorum,
  );
  if (index < 0) throw unanswerable(demand, `no leaf holds receipt ${wantedHash ?? ''}`);
  const hashes = exclusions.map((one) => plainLeaf(sha256, EXCLUDE, one));
  return { kind: 'quorum', index, proof: plainProof(sha256, hashes, index) };
}

function unanswerable({ run, round, demand }: OpenDemand, reason: string): TallyError {
  return new TallyError('LEDGER_DEMAND_UNANSWERABLE', { run, round, demand, reason });
}
