import {
  clipScale,
  decodeModel,
  decodeUpdate,
  type Manifest,
  sourceOf,
  type UpdateForm,
  UpdateInspector,
} from '@tallystick/aggregation';
import { type Hash, type NodeId, type Sha256, TallyError } from '@tallystick/kernel';
import { MAX_SCORED_VALUES, type ScoredContribution, type ScoredRound } from '@tallystick/payout';
import type { BlobStore, FoldSpec } from '@tallystick/rounds';

/** A committed round as its header and leaves name it. */
export interface RoundFiles {
  readonly round: number;
  /** `modelBefore`. */
  readonly model: Hash;
  /** The models before it that differ from one another, newest first. */
  readonly earlier: readonly Hash[];
  /** Its leaves, by node. */
  readonly contributions: readonly {
    readonly node: NodeId;
    readonly weight: bigint;
    readonly update: Hash;
  }[];
}

/** Where the files are and how the run folds them. */
export interface ScoringDeps {
  readonly blobs: Pick<BlobStore, 'get'>;
  readonly sha256: Sha256;
  /** Of the run's models. */
  readonly manifest: Manifest;
  readonly rules: Pick<FoldSpec, 'form' | 'clipNorm'>;
}

/**
 * Reads a round with everything its contribution scores depend on: models, and updates as they were folded, clipped where
 * the run clips (protocol.md §1.8). Holds the whole round: USAGE_INVALID above MAX_SCORED_VALUES. Rejects with STORE_* for a
 * file that is missing or damaged, MODEL_MALFORMED or UPDATE_MALFORMED for one that is not what it should be.
 */
export async function loadScoredRound(
  { round, model, earlier, contributions }: RoundFiles,
  { blobs, sha256, manifest, rules }: ScoringDeps,
): Promise<ScoredRound> {
  const weightsOf = async (id: Hash): Promise<Float32Array> => {
    const found = decodeModel(sha256, await blobs.get(id));
    if (found.manifest.hash === manifest.hash) return found.weights;
    throw new TallyError('MODEL_MALFORMED', { reason: `${id} is not a model of this run` });
  };
  if (contributions.length * manifest.d > MAX_SCORED_VALUES) {
    const detail = `round ${round} has ${contributions.length} updates of ${manifest.d} parameters, too many to score`;
    throw new TallyError('USAGE_INVALID', { detail });
  }
  const base = await weightsOf(model);
  const scored: ScoredContribution[] = [];
  for (const { node, weight, update } of contributions) {
    const values = valuesOf(await blobs.get(update), manifest, rules);
    scored.push({ node, weight: Number(weight), values });
  }
  const models: Float32Array[] = [];
  for (const id of earlier) models.push(await weightsOf(id));
  return { round, base, contributions: scored, earlier: models };
}

/** v, or v' = roundTiesToEven(f64(v)·(C ÷ r)) of an update longer than C. */
function valuesOf(
  bytes: Uint8Array,
  manifest: Manifest,
  { form, clipNorm }: { readonly form: UpdateForm; readonly clipNorm?: number },
): Float64Array {
  const values = Float64Array.from(decodeUpdate(bytes, manifest, form), Number);
  if (clipNorm === undefined) return values;
  const squared = UpdateInspector.of(manifest, form).squaredNorm(sourceOf(bytes));
  const scale = clipScale(clipNorm, squared);
  return scale === 1 ? values : values.map((v) => nearestEven(v * scale));
}

function nearestEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
