import { sha256 } from '@tallystick/kernel/node';
import type { Member } from '@tallystick/record';
import { drawCohort } from '@tallystick/rounds';
import { roundPath } from '../bundle/layout.js';
import { demand, demandEqual } from '../findings.js';
import type { History } from '../history.js';
import { readEligible } from '../state/stored-nodes.js';

const textOf = ({ node, keyEpoch, cap }: Member): string => `${node}/${keyEpoch}/${cap}`;

/** V5: who was asked, drawn again from the chain's state at each task's block and the run spec. */
export function checkCohorts(history: History): number {
  const { spec, specHash, chain } = history;
  const { min } = spec.window.count;
  let members = 0;
  for (const { round, task, cohort } of history.rounds) {
    const eligible = readEligible(chain.stateAt(task.value.atBlock));
    const drawn = drawCohort(sha256, eligible, { spec, specHash, round });
    const place = { round, record: roundPath(round, 'cohort.bin'), by: 'coordinator' } as const;
    demandEqual(
      drawn.map(({ member }) => textOf(member)).join(' '),
      cohort.map(textOf).join(' '),
      place,
    );
    demand(cohort.length >= min, place, `at least ${min} nodes`, cohort.length);
    members += cohort.length;
  }
  return members;
}
