import { type Hash, isTallyError } from '@tallystick/kernel';
import type { NodeAnchor } from '../anchors.js';
import { exitCodeOf } from '../report.js';
import { ALL_STEPS, type StepTable, type VerifyOptions, verifyWith } from '../verify-bundle.js';
import { type OpenValidation, withMeasurements } from '../with-measurements.js';
import { anchorsFor } from './anchors-for.js';
import type { OperatorKeys } from './fixture/test-keys.js';
import type { Expectation, Manipulation } from './manipulations/manipulation.js';
import type { Evidence } from './operator/evidence.js';
import { TamperedBundle } from './operator/tampered-bundle.js';

/** Exit code of a bundle that is refused as malformed. */
const MALFORMED = 66;

/** An honest bundle, its copy that may be edited, and what the auditor holds. */
export interface Case {
  /** A copy of the honest bundle. */
  readonly folder: string;
  readonly evidence: Evidence;
  readonly keys: OperatorKeys;
  readonly anchors: readonly NodeAnchor[];
  readonly knownRuntimes: ReadonlySet<Hash>;
  /** Measures again what the run is paid by. */
  readonly openValidation?: OpenValidation;
}

/** Edits the copy; what must be found, and what the auditor brings. Throws when the bundle has nothing of the kind. */
export async function tamper(
  manipulation: Manipulation,
  { folder, evidence, keys, anchors, ...held }: Case,
): Promise<{ readonly options: VerifyOptions; readonly expected: Expectation }> {
  const expected = await manipulation.apply(new TamperedBundle(folder, evidence, keys));
  if (expected === undefined) throw new Error('this bundle has nothing of the kind');
  const { length } = evidence.history.rounds;
  const brought = anchorsFor(manipulation.anchors, anchors, length);
  return { options: { folder, anchors: brought, ...held }, expected };
}

/** What an audit says, in the words of an expectation. */
export interface Observation {
  readonly exit: number;
  readonly step?: string | undefined;
  readonly round?: number | undefined;
  readonly record?: string | undefined;
  readonly by?: string | undefined;
  readonly isDamaged?: boolean;
}

/** Exit code and finding of an audit. */
export async function observe(
  options: VerifyOptions,
  steps: StepTable = ALL_STEPS,
): Promise<Observation> {
  const { folder, openValidation } = options;
  const measured =
    openValidation === undefined ? steps : withMeasurements(steps, folder, openValidation);
  try {
    const report = await verifyWith(measured, options);
    const { finding, damaged } = report;
    return {
      exit: exitCodeOf(report),
      step: finding?.step,
      round: finding?.round,
      record: finding?.record,
      by: finding?.by,
      isDamaged: damaged.length > 0,
    };
  } catch (error) {
    if (!isTallyError(error, 'AUDIT_BUNDLE_MALFORMED')) throw error;
    return { exit: MALFORMED, record: String(error.meta['path']) };
  }
}

/** True iff what was seen is what must be found: step, round, beginning of the record, and who answers for it. */
export function isFound(seen: Observation, { step, round, record, by }: Expectation): boolean {
  const exit = step === undefined ? MALFORMED : Number(step.slice(1));
  const isNamed = seen.record?.startsWith(record) === true && (by === undefined || seen.by === by);
  return seen.exit === exit && seen.step === step && seen.round === round && isNamed;
}
