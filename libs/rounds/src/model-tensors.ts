import type { TensorShape } from '@tallystick/aggregation';
import { TallyError } from '@tallystick/kernel';
import type { DataSpec, ModelSpec } from '@tallystick/protocol';

/** Largest model that is built; its update and model files stay below the wire's limits (512 MiB). */
const MAX_PARAMETERS = 130_000_000;

/** Columns that the feature pipeline makes: one per category of a one-hot feature, else one per feature. */
export function featureWidth(data: DataSpec): number {
  return data.features.reduce((sum, feature) => sum + (feature.oneHot?.length ?? 1), 0);
}

/**
 * The tensors of a model in manifest order, in Keras layout: layer by layer, kernel before bias. A layer is named by
 * its kind and its position, counted from 0. Throws MODEL_UNSUPPORTED when the model is too large to build.
 */
export function modelTensors(model: ModelSpec, inputs: number): TensorShape[] {
  const tensors: TensorShape[] = [];
  let width = inputs;
  let parameters = 0;
  for (const [position, { dense }] of model.layers.entries()) {
    tensors.push({ name: `dense${position}.kernel`, shape: [width, dense.units] });
    tensors.push({ name: `dense${position}.bias`, shape: [dense.units] });
    parameters += (width + 1) * dense.units;
    width = dense.units;
  }
  if (parameters > MAX_PARAMETERS) {
    const reason = `it has ${parameters} parameters, the limit is ${MAX_PARAMETERS}`;
    throw new TallyError('MODEL_UNSUPPORTED', { reason });
  }
  return tensors;
}
