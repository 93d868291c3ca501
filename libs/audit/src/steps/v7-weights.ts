import { roundMetrics, unitFor, weightFor } from '@tallystick/rounds';
import { roundPath } from '../bundle/layout.js';
import { demandEqual } from '../findings.js';
import type { History } from '../history.js';

/** V7: unit, weights and metrics of every round from caps, spec and receipts. */
export function checkWeights(history: History): number {
  const { numeric } = history.spec;
  let weights = 0;
  for (const { round, task, cohort, leaves, receipts, metrics } of history.rounds) {
    const by = 'coordinator';
    const unit = unitFor(
      numeric,
      cohort.map(({ cap }) => cap),
    );
    demandEqual(unit, task.value.unit, { round, record: 'unit of the task', by });
    const members = new Map(cohort.map((member) => [member.node, member]));
    const contributions = leaves.flatMap((leaf, i) => {
      const signed = receipts[i];
      const member = members.get(leaf.node);
      if (signed === undefined || member === undefined) return [];
      const weight = weightFor(numeric, signed.value, member, unit);
      demandEqual(weight, leaf.weight, { round, record: `weight of node ${leaf.node}`, by });
      return [{ receipt: signed.value, signature: signed.signature, weight }];
    });
    weights += contributions.length;
    const record = roundPath(round, 'metrics.json');
    demandEqual(roundMetrics(contributions), metrics, { round, record, by });
  }
  return weights;
}
