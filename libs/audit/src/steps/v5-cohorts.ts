import { sha256 } from '@tallystick/kernel/node';
import type { Member } from '@tallystick/record';
import { pickCohort } from '@tallystick/rounds';
import { roundPath } from '../bundle/layout.js';
import { readEligible } from '../chain-state.js';
import { demandEqual } from '../findings.js';
import type { History } from '../history.js';

const textOf = ({ node, keyEpoch, cap }: Member): string => `${node}/${keyEpoch}/${cap}`;

/** V5: who was asked, drawn again from the chain's state at each task's block and the run spec. */
export function checkCohorts(history: History): number {
  const { spec, specHash, chain } = history;
  const specCap = BigInt(spec.numeric.cap);
  let members = 0;
  for (const { round, task, cohort } of history.rounds) {
    const read = chain.stateAt(task.value.atBlock);
    const eligible = read === undefined ? [] : readEligible(read);
    const drawn = pickCohort(sha256, eligible, { spec, specHash, round }).map(
      ({ node, keyEpoch, cap }) => ({ node, keyEpoch, cap: cap < specCap ? cap : specCap }),
    );
    const record = roundPath(round, 'cohort.bin');
    const expected = drawn.map(textOf).join(' ');
    demandEqual(expected, cohort.map(textOf).join(' '), { round, record, by: 'coordinator' });
    members += cohort.length;
  }
  return members;
}
