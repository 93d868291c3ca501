import type { RoundView } from '@tallystick/protocol';
import type { ConsoleOutput } from '../console-output.js';

const HASH_DIGITS = 16;

/** What the chain holds of each round: one header hash, and the block it stands in. */
export function sayChain(output: ConsoleOutput, rounds: readonly RoundView[]): void {
  output.table(
    ['round', 'block', 'header', 'sites', 'weight', 'model'],
    rounds.map(({ round, commit, header, included, cohort, sumWeight, modelAfter }) => [
      String(round),
      commit === null ? '–' : String(commit.block),
      header.slice(0, HASH_DIGITS),
      `${included}/${cohort}`,
      sumWeight,
      modelAfter.slice(0, HASH_DIGITS),
    ]),
  );
}
