import type { RoundTrace } from '@tallystick/rounds';
import type { Metrics } from './metrics.js';

/** Steps of rounds as a histogram. */
export function stepSeconds(metrics: Metrics): RoundTrace {
  const seconds = metrics.histogram(
    'tally_round_step_seconds',
    'Time that a step of a round took; `anchor` is from its close to the final block.',
    ['step'],
  );
  return {
    step: (_task, { name, startMs, endMs }) =>
      seconds.observe({ step: name }, Math.max(0, endMs - startMs) / 1_000),
  };
}
