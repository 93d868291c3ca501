/** Where a first run starts from: a logistic regression over two columns. */
export const EXAMPLE_RUN = `tallystick: 1
name: my-first-run
purpose: DUO:0000007 # disease-specific research

data:
  dataset: heart
  label: { column: num, above: 0 }
  split: { column: set }
  missing: drop
  features:
    - { column: age, scale: standard }
    - { column: chol, scale: standard }

model:
  layers:
    - dense: { units: 1 }
  loss: sigmoidCrossEntropy

local:
  steps: 100
  batchSize: 4
  optimizer:
    sgd: { learningRate: 0.01 }

strategy:
  fedAvg: {}

rounds: 10
window:
  count: { min: 3, max: 4 }
  deadlineMs: 60000
`;
