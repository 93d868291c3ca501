import {
  CONTRIB,
  DECLINE,
  EXCLUDE,
  HEADER,
  MEMBER,
  PROMISE,
  RECEIPT,
  type RecordCodec,
  TASK,
} from '@tallystick/record';
import { type RecordFileName, roundPath } from '../../bundle/layout.js';
import type { RoundEvidence } from '../../bundle/round-evidence.js';
import type { StepId } from '../../findings.js';
import type { TamperedBundle } from '../operator/tampered-bundle.js';
import { type Manipulation, raw } from './manipulation.js';
import { middleRound, roundWithDecline, roundWithExclusion } from './pick.js';

interface OneBit<T> {
  readonly file: RecordFileName;
  readonly codec: RecordCodec<T>;
  readonly field: keyof T | 'signature';
  readonly step: StepId;
  /** Start of the finding's record; the file's path when absent. */
  readonly record?: (evidence: RoundEvidence) => string;
  /** Round whose first record is hit; a middle one when absent. */
  readonly round?: (bundle: TamperedBundle) => RoundEvidence | undefined;
}

/** One bit of one field of the first record of a file. */
function oneBit<T>({
  file,
  codec,
  field,
  step,
  record,
  round = middleRound,
}: OneBit<T>): Manipulation {
  const what = `${file}: ${String(field)}`;
  return raw(`one bit of ${what}`, async (bundle) => {
    const evidence = round(bundle);
    if (evidence === undefined) return undefined;
    await bundle.flipField([evidence.round, file], codec, [0, field]);
    const where = record?.(evidence) ?? roundPath(evidence.round, file);
    return { step, round: evidence.round, record: where, by: 'holder of the files' };
  });
}

const receiptOfFirst = ({ leaves }: RoundEvidence): string => `receipt of node ${leaves[0]?.node}`;
const promiseToFirst = ({ promises }: RoundEvidence): string =>
  `promise to node ${promises[0]?.value.node}`;
const declineOfFirst = ({ declines }: RoundEvidence): string =>
  `decline of node ${declines[0]?.value.node}`;

const receipt = {
  file: 'receipts.bin',
  codec: RECEIPT,
  step: 'V4',
  record: receiptOfFirst,
} as const;
const promise = {
  file: 'promises.bin',
  codec: PROMISE,
  step: 'V4',
  record: promiseToFirst,
} as const;
const leaf = { file: 'leaves.bin', codec: CONTRIB, step: 'V3' } as const;
const header = { file: 'header.bin', codec: HEADER, step: 'V2' } as const;
const task = { file: 'task.bin', codec: TASK, step: 'V2' } as const;
const exclusion = {
  file: 'excluded.bin',
  codec: EXCLUDE,
  step: 'V3',
  round: roundWithExclusion,
} as const;

/** The records of a round, one bit at a time. */
export const RAW_RECORDS: readonly Manipulation[] = [
  oneBit({ ...receipt, field: 'numExamples' }),
  oneBit({ ...receipt, field: 'update' }),
  oneBit({ ...receipt, field: 'prev' }),
  oneBit({ ...receipt, field: 'salt' }),
  oneBit({ ...receipt, field: 'signature' }),
  oneBit({ ...promise, field: 'receipt' }),
  oneBit({ ...promise, field: 'dueMs' }),
  oneBit({ ...promise, field: 'signature' }),
  oneBit({ ...leaf, field: 'weight' }),
  oneBit({ ...leaf, field: 'receipt' }),
  oneBit({ ...header, field: 'modelAfter' }),
  oneBit({ ...header, field: 'closedAtMs' }),
  oneBit({ ...header, field: 'signature' }),
  oneBit({ ...task, field: 'deadlineMs' }),
  oneBit({ ...task, field: 'atHash' }),
  oneBit({ ...task, field: 'signature' }),
  oneBit({ file: 'cohort.bin', codec: MEMBER, step: 'V3', field: 'cap' }),
  oneBit({ ...exclusion, field: 'reason' }),
  oneBit({ ...exclusion, field: 'receipt' }),
  raw('one bit of declines.bin: reason', async (bundle) => {
    const evidence = roundWithDecline(bundle);
    if (evidence === undefined) return undefined;
    const { round } = evidence;
    await bundle.flipField([round, 'declines.bin'], DECLINE, [0, 'reason']);
    return { step: 'V4', round, record: declineOfFirst(evidence) };
  }),
  raw('one bit of metrics.json', async (bundle) => {
    const { round } = middleRound(bundle);
    await bundle.flip(roundPath(round, 'metrics.json'), -2);
    return { step: 'V3', round, record: roundPath(round, 'metrics.json') };
  }),
];
