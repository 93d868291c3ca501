import { assertNever } from '@tallystick/kernel';
import type { Positions } from '../chunk.js';
import { ClosestLane } from './closest-lane.js';
import { GramLane } from './gram-lane.js';
import { NormsLane } from './norms-lane.js';
import { RankLane } from './rank-lane.js';
import type { PassPlace, RowPass } from './row-pass.js';
import { WeighLane } from './weigh-lane.js';

/** One lane's part of one pass. */
export interface LanePass {
  /** Rows of the model; the pass is over when every row was worked on once, in order. */
  readonly rows: number;
  /** Works on this lane's part of some rows: of its own rows, or of its own updates or pairs in all of them. */
  run(rows: Positions): void;
}

/**
 * Opens a lane's part of a pass. However many lanes there are, and whatever rows they are given at once, every result
 * has the same bits: integers are exact, and what is summed in binary64 is summed by one lane in the order of blocks.
 */
export function openPass(pass: RowPass, place: PassPlace): LanePass {
  switch (pass.kind) {
    case 'norms':
      return new NormsLane(pass, place);
    case 'gram':
      return new GramLane(pass, place);
    case 'weigh':
    case 'moveCentre':
      return new WeighLane(pass, place);
    case 'rank':
      return new RankLane(pass, place);
    case 'closest':
      return new ClosestLane(pass, place);
    default:
      return assertNever(pass);
  }
}
