import type { z } from 'zod';
import type { DataSpec, ModelSpec } from './run-spec.js';

/** What each loss can learn from, and with how many outputs. */
const LABELS = {
  sigmoidCrossEntropy: ['above'],
  softmaxCrossEntropy: ['classes'],
  meanSquaredError: ['above', 'value'],
} as const;

/** Rules between `data` and `model`: the label is no feature, the loss fits the label, the outputs fit both. */
export function checkFit(
  { data, model }: { readonly data: DataSpec; readonly model: ModelSpec },
  context: z.core.$RefinementCtx,
): void {
  const fault = (path: (string | number)[], message: string): void => {
    context.addIssue({ code: 'custom', path, message });
  };
  for (const [i, { column }] of data.features.entries()) {
    if (column === data.label.column) {
      fault(['data', 'features', i, 'column'], `${column} is the label, not a feature`);
    }
  }
  const kind = LABELS[model.loss].find((label) => label in data.label);
  if (kind === undefined) {
    fault(['model', 'loss'], `${model.loss} needs a label with ${LABELS[model.loss].join(' or ')}`);
    return;
  }
  const last = model.layers.length - 1;
  const units = 'classes' in data.label ? data.label.classes.length : 1;
  const output = model.layers[last]?.dense;
  if (output !== undefined && output.units !== units) {
    const path = ['model', 'layers', last, 'dense', 'units'];
    fault(path, `must be ${units} in the last layer for this label, got ${output.units}`);
  }
  if (output !== undefined && output.activation !== 'linear' && model.loss !== 'meanSquaredError') {
    const path = ['model', 'layers', last, 'dense', 'activation'];
    fault(path, `must be linear in the last layer: ${model.loss} takes logits`);
  }
}
