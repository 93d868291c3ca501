import type { Hash } from '@tallystick/kernel';
import type { RunSpec, SiteAsk } from '@tallystick/protocol';

const MAX_SHOWN_COLUMNS = 32;

/** What a run asks of a site, for people. Pure. */
export function askOf(spec: RunSpec, id: Hash): SiteAsk {
  const { name, purpose, data, model, local, strategy, robust, clip, numeric } = spec;
  return {
    name,
    purpose,
    spec: id,
    dataset: data.dataset,
    label: labelOf(data.label),
    columns: data.features.slice(0, MAX_SHOWN_COLUMNS).map(({ column }) => column),
    columnCount: data.features.length,
    layers: model.layers.map(({ dense }) => dense.units),
    loss: model.loss,
    steps: local.steps ?? null,
    epochs: local.epochs ?? null,
    batchSize: local.batchSize,
    learningRate: local.optimizer.sgd.learningRate,
    strategy: Object.keys(strategy).join(', '),
    robust: robust === undefined ? null : Object.keys(robust).join(', '),
    clipNorm: clip?.norm ?? null,
    codec: numeric.codec,
    topPpm: numeric.topPpm ?? null,
    isAsynchronous: spec.asynchronous !== undefined,
    needsConsent: spec.consent === 'required',
    rounds: spec.rounds,
  };
}

function labelOf(label: RunSpec['data']['label']): string {
  if ('above' in label) return `${label.column} above ${label.above}`;
  if ('classes' in label) return `${label.column}, ${label.classes.length} classes`;
  return `${label.column}, its value`;
}
