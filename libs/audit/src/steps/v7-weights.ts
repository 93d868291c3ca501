import { isTallyError } from '@tallystick/kernel';
import { roundMetrics, unitFor, weightFor } from '@tallystick/rounds';
import { roundPath } from '../bundle/layout.js';
import type { RoundEvidence } from '../bundle/round-evidence.js';
import { demandEqual, Mismatch } from '../findings.js';
import type { History } from '../history.js';

const BY = 'coordinator';

/** V7: unit, weights and metrics of every round from caps, spec and receipts; returns the number of weights. */
export function checkWeights({ rounds, spec: { numeric } }: History): number {
  let weights = 0;
  for (const evidence of rounds) {
    const { round, task, cohort, leaves, receipts, metrics } = evidence;
    demandEqual(unitOf(evidence, numeric), task.value.unit, { round, record: 'unit', by: BY });
    const members = new Map(cohort.map((member) => [member.node, member]));
    const contributions = leaves.flatMap((leaf, i) => {
      const signed = receipts[i];
      const member = members.get(leaf.node);
      if (signed === undefined || member === undefined) return []; // V3 and V4 compare the lists
      const weight = weightFor(numeric, task.value, { receipt: signed.value, member });
      demandEqual(weight, leaf.weight, { round, record: `weight of node ${leaf.node}`, by: BY });
      return [{ receipt: signed.value, signature: signed.signature, weight }];
    });
    weights += contributions.length;
    const record = roundPath(round, 'metrics.json');
    demandEqual(roundMetrics(contributions), metrics, { round, record, by: BY });
  }
  return weights;
}

function unitOf({ round, cohort }: RoundEvidence, numeric: Parameters<typeof unitFor>[0]): bigint {
  try {
    return unitFor(
      numeric,
      cohort.map(({ cap }) => cap),
    );
  } catch (error) {
    if (!isTallyError(error)) throw error;
    const place = { round, record: roundPath(round, 'cohort.bin'), by: BY } as const;
    throw new Mismatch(place, { expected: 'a cohort that can be weighed', found: error.message });
  }
}
