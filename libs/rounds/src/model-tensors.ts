import { TallyError } from '@tallystick/kernel';
import type { DataSpec, ModelSpec } from '@tallystick/protocol';

/** One tensor of a model: `layer.variable` and its shape in Keras layout, `[in, out]` for a kernel. */
export interface TensorShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Largest model that is built; its update and model files stay below the wire's limits (512 MiB). */
const MAX_PARAMETERS = 130_000_000;

/** Columns that the feature pipeline makes: one per category of a one-hot feature, else one per feature. */
export function featureWidth(data: DataSpec): number {
  return data.features.reduce((sum, feature) => sum + (feature.oneHot?.length ?? 1), 0);
}

/**
 * The tensors of a model in manifest order: layer by layer, kernel before bias. A layer is named by its kind and its
 * position, counted from 0. Throws MODEL_UNSUPPORTED when the model is too large to build.
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
    throw unsupported(`it has ${parameters} parameters, the limit is ${MAX_PARAMETERS}`);
  }
  return tensors;
}

/**
 * Does the model's last layer fit its loss and the label? Throws MODEL_UNSUPPORTED. Losses start from the last
 * layer's output as it is (logits), so that layer is linear: a sigmoid there would be applied twice.
 */
export function checkModel(model: ModelSpec, data: DataSpec): void {
  const last = model.layers.at(-1)?.dense;
  if (last === undefined) throw unsupported('it has no layer');
  if (last.activation !== 'linear') {
    throw unsupported(`its last layer is ${last.activation}, but ${model.loss} wants linear`);
  }
  const classes = classesOf(data.label);
  const fits: Record<ModelSpec['loss'], boolean> = {
    sigmoidCrossEntropy: last.units === 1 && classes === 2,
    softmaxCrossEntropy: last.units === classes,
    meanSquaredError: last.units === 1 && (classes === undefined || classes === 2),
  };
  if (!fits[model.loss]) {
    const label = classes === undefined ? 'a number' : `one of ${classes} classes`;
    throw unsupported(
      `${model.loss} with ${last.units} units does not fit a label that is ${label}`,
    );
  }
}

/** Number of classes of the label; undefined when it is a number to predict. */
export function classesOf(label: DataSpec['label']): number | undefined {
  if ('above' in label) return 2;
  if ('classes' in label) return label.classes.length;
  return undefined;
}

function unsupported(reason: string): TallyError {
  return new TallyError('MODEL_UNSUPPORTED', { reason });
}
