import type { StopSignal } from '@tallystick/kernel';
import { RunSpec } from '@tallystick/protocol';
import type { Receipt } from '@tallystick/record';
import type { RunLoop } from '../run-loop.js';
import type { FakeFederation } from './fake-federation.js';

/** A small run of three rounds over four nodes, with `changes` to its fields. */
export function specOf(changes: Record<string, unknown> = {}): RunSpec {
  return RunSpec.parse({
    tallystick: 1,
    name: 'unit',
    purpose: 'DUO:0000007',
    data: {
      dataset: 'd',
      label: { column: 'y', above: 0 },
      split: { column: 'set' },
      features: [{ column: 'x' }],
    },
    model: { layers: [{ dense: { units: 1 } }], loss: 'sigmoidCrossEntropy' },
    local: { steps: 1, batchSize: 1, optimizer: { sgd: { learningRate: 0.1 } } },
    strategy: { fedAvg: {} },
    rounds: 3,
    window: { count: { min: 3, max: 4 }, deadlineMs: 10_000 },
    ...changes,
  });
}

/** Every node answers every offer at once, with what `changesOf` says of its receipt. */
export function answerAll(
  fed: FakeFederation,
  loop: RunLoop,
  changesOf: (round: number) => Partial<Receipt> = () => ({}),
): void {
  fed.link.onOffer = (node, offer) =>
    void fed.submit(loop, node, offer, changesOf(offer.task.task.round));
}

/** A signal that does not abort. */
export const never: StopSignal = {
  aborted: false,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
};
