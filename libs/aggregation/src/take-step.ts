import { assertNever } from '@tallystick/kernel';
import type { Positions } from './chunk.js';
import { type AdaptiveArguments, allocate, type Kernels, kernelsOver } from './kernels/kernels.js';
import type { Manifest } from './manifest.js';
import { copyState, initialState, partsIn, type ServerState, stateParts } from './server-state.js';
import { checkStrategy, type Strategy } from './strategy.js';

/** Everything a server step depends on. */
export interface StepInput {
  readonly manifest: Manifest;
  /** The model before, d float32. */
  readonly model: Float32Array;
  /** S of protocol.md §1.5, d int64. */
  readonly sums: BigInt64Array;
  /** W = Σ n, at least 1. */
  readonly sumWeight: bigint;
  readonly strategy: Strategy;
  /** State of the round before; undefined starts the strategy's parts at 0. The others go on as they are. */
  readonly state: ServerState | undefined;
}

/** The step's result, fresh buffers; `ok: false` when a value would not be finite (ROUND_MODEL_NOT_FINITE). */
export type StepResult =
  | {
      readonly ok: true;
      readonly model: Float32Array;
      readonly state: ServerState | undefined;
    }
  | { readonly ok: false };

/** Arrays of one step, d elements each, changed in place. */
export interface StepArrays {
  readonly model: Float32Array;
  readonly sums: BigInt64Array;
  readonly state: ServerState | undefined;
}

/** What is the same at every position. */
export interface StepRule {
  readonly sumWeight: bigint;
  readonly strategy: Strategy;
}

/** Positions worked on at once: 224 KiB of operands, inside a core's second-level cache. */
const STEP_POSITIONS = 8192;
const SUMS_AT = 0;
const M_AT = 8 * STEP_POSITIONS;
const V_AT = 16 * STEP_POSITIONS;
const MODEL_AT = 24 * STEP_POSITIONS;

/**
 * The server step of protocol.md §1.6–1.7: g = (f64(S) ÷ f64(W)) · 2⁻³², then FedAvg (McMahan et al. 2017), FedAvgM
 * (Hsu et al. 2019) or FedAdagrad, FedAdam, FedYogi (Reddi et al. 2021, algorithm 2, moments from 0, no bias
 * correction), elementwise in binary64 with every operation rounded once in the stated order. Inputs are not changed.
 * Throws RangeError for parameters outside their limits or arrays of other lengths.
 */
export function takeStep(input: StepInput): StepResult {
  const { manifest, strategy } = input;
  const model = input.model.slice();
  const { kind } = strategy;
  const state = input.state ? copyState(input.state) : initialState(stateParts(kind), manifest.d);
  const arrays = { model, sums: input.sums, state };
  checkArrays(manifest.d, arrays, strategy);
  const ok = stepRange(arrays, input, { from: 0, to: manifest.d });
  return ok ? { ok, model, state } : { ok };
}

/**
 * Takes the step at `positions`, in place; false when some value is not finite (the arrays are then of no use).
 * Elementwise, so any division into ranges gives the same bits.
 */
export function stepRange(arrays: StepArrays, rule: StepRule, positions: Positions): boolean {
  checkStrategy(rule.strategy);
  if (rule.sumWeight < 1n) throw new RangeError(`sumWeight is ${rule.sumWeight}`);
  const memory = allocate(28 * STEP_POSITIONS);
  const kernels = kernelsOver(memory);
  const sums = new BigInt64Array(memory.buffer, SUMS_AT, STEP_POSITIONS);
  const model = new Float32Array(memory.buffer, MODEL_AT, STEP_POSITIONS);
  const moments = [
    { held: arrays.state?.m, staged: new Float64Array(memory.buffer, M_AT, STEP_POSITIONS) },
    { held: arrays.state?.v, staged: new Float64Array(memory.buffer, V_AT, STEP_POSITIONS) },
  ];
  let ok = true;
  for (let from = positions.from; from < positions.to; from += STEP_POSITIONS) {
    const to = Math.min(from + STEP_POSITIONS, positions.to);
    sums.set(arrays.sums.subarray(from, to));
    model.set(arrays.model.subarray(from, to));
    for (const { held, staged } of moments) if (held) staged.set(held.subarray(from, to));
    ok = runKernel(kernels, to - from, rule) && ok;
    arrays.model.set(model.subarray(0, to - from), from);
    for (const { held, staged } of moments) held?.set(staged.subarray(0, to - from), from);
  }
  return ok;
}

function runKernel(kernels: Kernels, count: number, { strategy, sumWeight }: StepRule): boolean {
  const weight = Number(sumWeight);
  const eta = strategy.serverLearningRate;
  switch (strategy.kind) {
    case 'fedAvg':
    case 'scaffold':
    case 'fedNova':
      return kernels.stepAvg(count, SUMS_AT, MODEL_AT, weight, eta) === 1;
    case 'fedAvgM':
      return kernels.stepAvgM(count, SUMS_AT, MODEL_AT, M_AT, weight, eta, strategy.beta1) === 1;
    case 'fedAdagrad':
      return kernels.stepAdagrad(...adaptive(count, weight, strategy)) === 1;
    case 'fedAdam': {
      const { beta2 } = strategy;
      return kernels.stepAdam(...adaptive(count, weight, strategy), beta2, 1 - beta2) === 1;
    }
    case 'fedYogi':
      return kernels.stepYogi(...adaptive(count, weight, strategy), 1 - strategy.beta2) === 1;
    default:
      return assertNever(strategy);
  }
}

function adaptive(
  count: number,
  weight: number,
  strategy: Extract<Strategy, { tau: number }>,
): AdaptiveArguments {
  const { serverLearningRate: eta, tau, beta1 } = strategy;
  return [count, SUMS_AT, MODEL_AT, M_AT, V_AT, weight, eta, tau, beta1, 1 - beta1];
}

function checkArrays(d: number, arrays: StepArrays, strategy: Strategy): void {
  const { model, sums, state = {} } = arrays;
  const want = stateParts(strategy.kind).join(', ');
  const got = partsIn(state)
    .filter((part) => part !== 'z')
    .join(', ');
  if (got !== want) throw new RangeError(`${strategy.kind} keeps [${want}], got [${got}]`);
  const { m, v, c } = state;
  for (const array of [model, sums, m, v, c]) {
    if (array === undefined || array.length === d) continue;
    throw new RangeError(`an array has ${array.length} elements, not ${d}`);
  }
}
