import { join } from 'node:path';
import { decodeModel, type Manifest } from '@tallystick/aggregation';
import { asHash } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { Validation } from '@tallystick/payout';
import { payoutOf, type RunSpec } from '@tallystick/protocol';
import { blobPath } from './bundle/layout.js';
import type { History } from './history.js';
import { checkMeasurements } from './steps/score-sheets.js';
import { demandBlob } from './steps/v6-updates.js';
import type { StepTable } from './verify-bundle.js';

/** The loss of a run's model on its validation set, and its gradient; the engine is the caller's. */
export type OpenValidation = (set: {
  /** The CSV, hash checked. */
  readonly path: string;
  readonly sha256: string;
  readonly data: RunSpec['data'];
  readonly model: RunSpec['model'];
  readonly manifest: Manifest;
}) => Promise<Validation>;

/** These steps and V11, on the validation set that lies in the bundle. */
export function withMeasurements(
  steps: StepTable,
  folder: string,
  openValidation: OpenValidation,
): StepTable {
  const step = async (history: History): Promise<number> => {
    const { spec, genesisModel } = history;
    const { validation: named } = payoutOf(spec);
    if (named === undefined) return 0;
    const record = `validation set (${blobPath(named.sha256)})`;
    demandBlob(history, asHash(named.sha256), { record, by: 'holder of the files' });
    const validation = await openValidation({
      path: join(folder, blobPath(named.sha256)),
      sha256: named.sha256,
      data: spec.data,
      model: spec.model,
      manifest: decodeModel(sha256, genesisModel.bytes).manifest,
    });
    return checkMeasurements(history, validation);
  };
  return { ...steps, after: [...steps.after, { id: 'V11', step }] };
}
