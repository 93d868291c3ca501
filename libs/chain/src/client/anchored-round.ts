import { ZERO_HASH } from '@tallystick/kernel';
import { isVoid } from '@tallystick/rounds';
import { bigintAt, hashAt, numberAt, objectAt } from './json.js';
import type { AnchoredRound } from './round-ledger.js';
import { listOf, voidSpans } from './void-spans.js';

/** What the chain keeps about a round, as polkadot-js shows it. */
export interface RoundFacts {
  /** `Tally.Rounds`, `Tally.Runs`. */
  readonly stored: unknown;
  readonly run: unknown;
  /** `Tally.Voids`, `Tally.OpenDemands` of the run. */
  readonly voids: unknown;
  readonly demands: unknown;
  /** `Timestamp.Now`. */
  readonly nowMs: unknown;
}

/** The round as `pallet-tally` judges it (rounds.rs `is_final`). */
export function anchoredRound(round: number, facts: RoundFacts): AnchoredRound {
  const stored = objectAt(facts.stored, 'tally.rounds');
  const included = numberAt(stored, 'included');
  const committedAtMs = bigintAt(stored, 'committedAtMs');
  const windows = objectAt(objectAt(facts.run, 'tally.runs')['windows'], 'windows');
  const isVoided = isVoid(voidSpans(facts.voids), round);
  const isDemanded = listOf(facts.demands).some((pair) => Number(listOf(pair)[0]) <= round);
  const isOver =
    bigintAt({ ...facts }, 'nowMs') >= committedAtMs + bigintAt(windows, 'challengeMs');
  return {
    header: hashAt(stored, 'header'),
    contribRoot: included > 0 ? hashAt(stored, 'root') : ZERO_HASH,
    included,
    sumWeight: bigintAt(stored, 'sumWeight'),
    committedAtMs,
    status: isVoided ? 'void' : 'committed',
    isFinal: isOver && !isDemanded && !isVoided,
  };
}
