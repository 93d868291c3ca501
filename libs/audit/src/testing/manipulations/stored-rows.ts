import { sha256 } from '@tallystick/kernel/node';
import { canonicalJson, ExclusionReason, receiptHash } from '@tallystick/record';
import { type RoundFile, roundPath } from '../../bundle/layout.js';
import type { RoundEvidence } from '../../bundle/round-evidence.js';
import type { Culprit, StepId } from '../../findings.js';
import type { TamperedBundle } from '../operator/tampered-bundle.js';
import { type Manipulation, repaired } from './manipulation.js';
import { middleRound, roundWithDecline, roundWithExclusion, the } from './pick.js';

interface StoredRow {
  readonly name: string;
  readonly step: StepId;
  /** File in which it shows. */
  readonly file: RoundFile;
  /** Start of the finding's record; the file's path when absent. */
  readonly record?: (evidence: RoundEvidence) => string;
  /** Who answers for it; whoever holds the files when absent. */
  readonly by?: Culprit;
  /** Round whose rows are changed; a middle one when absent. */
  readonly round?: (bundle: TamperedBundle) => RoundEvidence | undefined;
  readonly edit: (
    evidence: RoundEvidence,
    bundle: TamperedBundle,
  ) => Partial<RoundEvidence> | undefined;
}

/**
 * Rows changed by somebody who may write to the database, then exported by the coordinator itself: the export makes
 * leaves and manifest fit what the rows say now. No key is used.
 */
function storedRow(row: StoredRow): Manipulation {
  const { name, step, file, record, by = 'holder of the files', round = middleRound, edit } = row;
  return repaired(name, 'none', async (bundle) => {
    const evidence = round(bundle);
    const changed = evidence && edit(evidence, bundle);
    if (evidence === undefined || changed === undefined) return undefined;
    await bundle.writeRound({ ...evidence, ...changed });
    await bundle.repairManifest();
    const where = record?.(evidence) ?? roundPath(evidence.round, file);
    return { step, round: evidence.round, record: where, by };
  });
}

/** The first contribution with these changes to its leaf. */
function firstLeaf(
  { leaves }: RoundEvidence,
  change: Partial<RoundEvidence['leaves'][number]>,
): Pick<RoundEvidence, 'leaves'> {
  return { leaves: leaves.with(0, { ...the(leaves[0]), ...change }) };
}

const contributions: readonly StoredRow[] = [
  {
    name: 'row of a contribution: more examples',
    step: 'V3',
    file: 'leaves.bin',
    edit: (evidence) => {
      const { value, signature } = the(evidence.receipts[0]);
      const receipt = { ...value, numExamples: value.numExamples + 1n };
      const hash = receiptHash(sha256, receipt, signature);
      const { numExamples } = receipt;
      return {
        receipts: evidence.receipts.with(0, { value: receipt, signature }),
        ...firstLeaf(evidence, { receipt: hash, numExamples }),
      };
    },
  },
  {
    name: 'row of a contribution: another weight',
    step: 'V3',
    file: 'leaves.bin',
    edit: (evidence) => firstLeaf(evidence, { weight: the(evidence.leaves[0]).weight + 1n }),
  },
  {
    name: 'row of a contribution: the update of another node',
    step: 'V3',
    file: 'leaves.bin',
    edit: (evidence) => firstLeaf(evidence, { update: the(evidence.leaves[1]).update }),
  },
  {
    name: 'row of a contribution: in the name of another node',
    step: 'V3',
    file: 'leaves.bin',
    edit: (evidence) => firstLeaf(evidence, { node: the(evidence.leaves.at(-1)).node }),
  },
  {
    name: 'row of a contribution: the signature of another node',
    step: 'V3',
    file: 'leaves.bin',
    edit: (evidence) => {
      const { value } = the(evidence.receipts[0]);
      const { signature } = the(evidence.receipts[1]);
      const receipt = receiptHash(sha256, value, signature);
      return {
        receipts: evidence.receipts.with(0, { value, signature }),
        ...firstLeaf(evidence, { receipt }),
      };
    },
  },
  {
    name: 'row of a contribution deleted',
    step: 'V3',
    file: 'leaves.bin',
    edit: ({ leaves, receipts, promises }) => ({
      leaves: leaves.slice(1),
      receipts: receipts.slice(1),
      promises: promises.slice(1),
    }),
  },
  {
    name: 'row of a contribution twice',
    step: 'V3',
    file: 'leaves.bin',
    edit: ({ leaves, receipts, promises }) => ({
      leaves: [the(leaves[0]), ...leaves],
      receipts: [the(receipts[0]), ...receipts],
      promises: [the(promises[0]), ...promises],
    }),
  },
];

const rounds: readonly StoredRow[] = [
  {
    name: 'row of a round: the header of the round before',
    step: 'V2',
    file: 'header.bin',
    edit: ({ round }, { rounds: all }) => ({ header: the(all[round - 1]).header }),
  },
  {
    name: 'row of a round: the task of the round before',
    step: 'V2',
    file: 'task.bin',
    edit: ({ round }, { rounds: all }) => ({ task: the(all[round - 1]).task }),
  },
  {
    name: 'row of a round: metrics of the round before',
    step: 'V3',
    file: 'metrics.json',
    edit: ({ round }, { rounds: all }) => ({ metrics: the(all[round - 1]).metrics }),
  },
  {
    name: 'row of a round: no metrics',
    step: 'V3',
    file: 'metrics.json',
    edit: () => ({ metrics: canonicalJson({}) }),
  },
  {
    name: 'row of a member: a higher cap',
    step: 'V3',
    file: 'cohort.bin',
    edit: ({ cohort }) => {
      const first = the(cohort[0]);
      return { cohort: cohort.with(0, { ...first, cap: first.cap + 1n }) };
    },
  },
  {
    name: 'row of a member deleted',
    step: 'V3',
    file: 'cohort.bin',
    edit: ({ cohort }) => ({ cohort: cohort.slice(1) }),
  },
];

const answers: readonly StoredRow[] = [
  {
    name: 'row of an exclusion deleted',
    step: 'V3',
    file: 'excluded.bin',
    round: roundWithExclusion,
    edit: ({ excluded }) => ({ excluded: excluded.slice(1) }),
  },
  {
    name: 'row of an exclusion: as malformed',
    step: 'V3',
    file: 'excluded.bin',
    round: roundWithExclusion,
    edit: ({ excluded }) => ({
      excluded: excluded.with(0, { ...the(excluded[0]), reason: ExclusionReason.malformed }),
    }),
  },
  {
    name: 'row of a decline deleted',
    step: 'V4',
    file: 'declines.bin',
    by: 'coordinator', // it signed that the node declined
    round: roundWithDecline,
    edit: () => ({ declines: [] }),
  },
  {
    name: 'row of a promise deleted',
    step: 'V4',
    file: 'promises.bin',
    edit: ({ promises }) => ({ promises: promises.slice(1) }),
  },
  {
    name: 'row of a promise: due later',
    step: 'V4',
    file: 'promises.bin',
    record: ({ promises }) => `promise to node ${the(promises[0]).value.node}`,
    edit: ({ promises }) => {
      const { value, signature } = the(promises[0]);
      return {
        promises: promises.with(0, { value: { ...value, dueMs: value.dueMs + 1n }, signature }),
      };
    },
  },
];

/** What write access to the database can do, without any key. */
export const STORED_ROWS: readonly Manipulation[] = [...contributions, ...rounds, ...answers].map(
  storedRow,
);
