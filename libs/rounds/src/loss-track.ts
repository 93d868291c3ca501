import type { Hash } from '@tallystick/kernel';
import type { RunSpec } from '@tallystick/protocol';
import type { Header } from '@tallystick/record';

const NANO = 1e9;

/** The model that the sites measured the smallest loss of, before they trained it further. */
export interface BestModel {
  /** The round that started from it and measured it. */
  readonly round: number;
  readonly model: Hash;
  /** Weighted mean of the sites' `lossBefore`, nano-units. */
  readonly loss: number;
}

/** What the losses of the closed rounds say; a fold over (header, metrics), so that it is the same after a restart. */
export interface LossTrack {
  readonly best?: BestModel;
  /** The loss that the next one must be below by minDelta: the last one that was. */
  readonly mark?: number;
  /** Measured rounds in a row since then. */
  readonly withoutGain: number;
}

/** Before the first round. */
export const NO_LOSSES: LossTrack = { withoutGain: 0 };

/**
 * After a closed round. Its `lossBefore` is the loss of the model before it. An empty round, and one whose sites
 * measured no loss, changes nothing: it is neither a gain nor a round without one. In asynchronous rounds the sites
 * measure models of several ages, so such losses are no one model's and count for nothing.
 */
export function trackLoss(
  track: LossTrack,
  { header, metrics }: { readonly header: Header; readonly metrics: string },
  { earlyStop, asynchronous }: Pick<RunSpec, 'earlyStop' | 'asynchronous'>,
): LossTrack {
  const loss = asynchronous === undefined ? lossBeforeOf(metrics) : undefined;
  if (loss === undefined || header.included === 0) return track;
  const { mark, withoutGain } = track;
  const isBest = track.best === undefined || loss < track.best.loss;
  const best = isBest ? { round: header.round, model: header.modelBefore, loss } : track.best;
  const minDelta = Math.round((earlyStop?.minDelta ?? 0) * NANO);
  const isGain = mark === undefined || loss < mark - minDelta;
  return { best, mark: isGain ? loss : mark, withoutGain: isGain ? 0 : withoutGain + 1 };
}

/** Why the run ends now by its `earlyStop` rule; undefined when it goes on. */
export function stoppedEarly(
  { best, withoutGain }: LossTrack,
  { earlyStop }: Pick<RunSpec, 'earlyStop'>,
): string | undefined {
  if (earlyStop === undefined || withoutGain < earlyStop.patience) return undefined;
  const of =
    best === undefined ? '' : `; the smallest is ${best.loss / NANO}, of round ${best.round}`;
  return `stopped early: ${withoutGain} rounds in a row brought no smaller loss${of}`;
}

/** `lossBefore` of a round's metrics; undefined when its sites did not measure it. */
function lossBeforeOf(metrics: string): number | undefined {
  const value: unknown = JSON.parse(metrics);
  if (typeof value !== 'object' || value === null || !('lossBefore' in value)) return undefined;
  return typeof value.lossBefore === 'number' ? value.lossBefore : undefined;
}
