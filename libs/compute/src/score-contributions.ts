import { SeedStream } from '@tallystick/aggregation';
import type { Hash } from '@tallystick/kernel';
import {
  type AuditTally,
  auditPlan,
  type DecodedGradient,
  decodeGradient,
  encodeGradient,
  encodeSheet,
  evidenceFault,
  measureEpoch,
  type QuantisedGradient,
  recomputeEpoch,
  type RoundEvidence,
  type ScoredEpoch,
  type ScoreSheet,
  type SheetRound,
  type Validation,
} from '@tallystick/payout';
import type { BlobStore } from '@tallystick/rounds';
import { loadScoredRound, type RoundFiles, type ScoringDeps } from './load-scored-round.js';

/** An epoch to settle by contribution. */
export interface EpochFiles {
  readonly epoch: number;
  /** Of `auditSeed`. */
  readonly seed: Hash;
  /** Its non-empty rounds, in order. */
  readonly rounds: readonly RoundFiles[];
  /** The tallies of the sheet before; none in the first epoch. */
  readonly before: readonly AuditTally[];
}

/**
 * Measures and scores an epoch, and stores the gradient files that the sheet names: the coordinator, when it settles. The
 * sheet's scores are the shares of `payEpoch`.
 */
export async function scoreContributions(
  files: EpochFiles,
  validation: Validation,
  deps: ScoringDeps & { readonly blobs: Pick<BlobStore, 'put'> },
): Promise<ScoreSheet> {
  const { evidence, scores, tallies } = await measureEpoch(epochOf(files, deps), validation);
  const put = (gradient: QuantisedGradient): Promise<Hash> =>
    deps.blobs.put(encodeGradient(deps.manifest.hash, gradient));
  const rounds: SheetRound[] = [];
  for (const [i, { round }] of files.rounds.entries()) {
    const measured = evidence[i];
    if (measured === undefined) throw new RangeError(`round ${round} was not measured`);
    const { novel, audit } = measured;
    const head = { round, novel: await put(novel) };
    if (audit === undefined) rounds.push(head);
    else rounds.push({ ...head, audit: { path: await put(audit.path), losses: audit.losses } });
  }
  return { epoch: files.epoch, seed: files.seed, rounds, scores, tallies };
}

/**
 * Recomputes a sheet from updates and gradient files (step V10): undefined when it is the same to the unit, else what is
 * wrong with it, in words. Rejects as `loadScoredRound` does.
 */
export async function sheetFault(
  files: EpochFiles,
  sheet: ScoreSheet,
  deps: ScoringDeps,
): Promise<string | undefined> {
  const published = await evidenceOf(files, sheet, deps);
  if (!published.ok) return published.reason;
  const result = await recomputeEpoch(epochOf(files, deps), published.evidence);
  if (!result.ok) return result.reason;
  const { epoch, seed } = files;
  const { scores, tallies } = result;
  const want = encodeSheet({ epoch, seed, rounds: sheet.rounds, scores, tallies });
  return want === encodeSheet(sheet) ? undefined : 'its scores are not those of its evidence';
}

/** Measures again what a sheet publishes (step V11). Undefined when all agrees within 10⁻³, else what does not. */
export async function measurementFault(
  files: EpochFiles,
  sheet: ScoreSheet,
  { validation, ...deps }: ScoringDeps & { readonly validation: Validation },
): Promise<string | undefined> {
  const published = await evidenceOf(files, sheet, deps);
  if (!published.ok) return published.reason;
  const epoch = epochOf(files, deps);
  const plan = auditPlan(epoch.draws, epoch.counts);
  for (const [index, evidence] of published.evidence.entries()) {
    const permutations = plan.find((audit) => audit.index === index)?.permutations;
    const round = await epoch.load(index);
    const fault = await evidenceFault(round, evidence, { validation, permutations });
    if (fault !== undefined) return `round ${round.round}: ${fault}`;
  }
  return undefined;
}

function epochOf({ rounds, seed, before }: EpochFiles, deps: ScoringDeps): ScoredEpoch {
  return {
    counts: rounds.map(({ contributions }) => contributions.length),
    async load(index) {
      const files = rounds[index];
      if (files === undefined) throw new RangeError(`the epoch has no round at ${index}`);
      return loadScoredRound(files, deps);
    },
    draws: new SeedStream(deps.sha256, seed),
    before,
  };
}

type Published =
  | { readonly ok: true; readonly evidence: readonly RoundEvidence[] }
  | { readonly ok: false; readonly reason: string };

async function evidenceOf(
  { rounds, epoch }: EpochFiles,
  sheet: ScoreSheet,
  { blobs, manifest }: ScoringDeps,
): Promise<Published> {
  const names = (list: readonly { readonly round: number }[]): string =>
    list.map(({ round }) => round).join(', ');
  if (sheet.epoch !== epoch || names(sheet.rounds) !== names(rounds)) {
    const reason = `it is of epoch ${sheet.epoch}, rounds ${names(sheet.rounds)}; of ${epoch}, rounds ${names(rounds)} it must be`;
    return { ok: false, reason };
  }
  const evidence: RoundEvidence[] = [];
  for (const { round, novel, audit } of sheet.rounds) {
    const read = async (id: Hash): Promise<DecodedGradient> =>
      decodeGradient(await blobs.get(id), { manifest: manifest.hash, d: manifest.d });
    const [first, second] = [await read(novel), audit && (await read(audit.path))];
    if (!first.ok)
      return { ok: false, reason: `round ${round}: gradient ${novel} ${first.reason}` };
    if (audit === undefined || second === undefined) {
      evidence.push({ novel: first.gradient });
      continue;
    }
    if (!second.ok) {
      return { ok: false, reason: `round ${round}: gradient ${audit.path} ${second.reason}` };
    }
    evidence.push({
      novel: first.gradient,
      audit: { path: second.gradient, losses: audit.losses },
    });
  }
  return { ok: true, evidence };
}
