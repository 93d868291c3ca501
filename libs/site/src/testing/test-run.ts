import { decodeModel, encodeModel } from '@tallystick/aggregation';
import { fromHex, type Hash, type RunId, TallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { parseRunSpec, type RunSpec, specHash } from '@tallystick/protocol';
import { type Contrib, decodeSigned, type Exclude, HEADER } from '@tallystick/record';
import { genesisModel, type VoidSpan } from '@tallystick/rounds';
import type { EvaluateRequest, Trainer, TrainRequest, TrainResult } from '@tallystick/training';
import type { RoundContents, RunSource } from '../agent/run-source.js';

const RUN_YAML = `
tallystick: 1
name: heart
purpose: DUO:0000007
data:
  dataset: heart
  label: { column: num, above: 0 }
  split: { column: set }
  features: [{ column: age, scale: standard }, { column: sex }]
model: { layers: [{ dense: { units: 1 } }], loss: sigmoidCrossEntropy, init: { uniform: 0.5 } }
local: { steps: 10, batchSize: 4, optimizer: { sgd: { learningRate: 0.01 } } }
strategy: { fedAvg: {} }
rounds: 3
window: { count: { min: 2 }, deadlineMs: 60000 }
`;

export interface TestSpec {
  readonly spec: RunSpec;
  readonly canonical: string;
  readonly id: Hash;
  readonly model: { readonly id: Hash; readonly bytes: Uint8Array };
}

/** A small run with `changes` to its YAML text. */
export function testSpec(change: (yaml: string) => string = (yaml) => yaml): TestSpec {
  const parsed = parseRunSpec(change(RUN_YAML));
  if (!parsed.ok) throw parsed.error;
  const id = specHash(sha256, parsed.canonical);
  const { bytes, id: model } = genesisModel(sha256, parsed.spec, id);
  return { spec: parsed.spec, canonical: parsed.canonical, id, model: { id: model, bytes } };
}

/** Another model of the same run: its first one with every weight moved by `n`. */
export function testModel(
  run: TestSpec,
  n: number,
): { readonly id: Hash; readonly bytes: Uint8Array } {
  const { manifest, weights } = decodeModel(sha256, run.model.bytes);
  const bytes = encodeModel(
    manifest,
    weights.map((weight) => weight + n),
  );
  return { id: sha256(bytes), bytes };
}

/** Serves what a test puts in, by hash and by round. */
export class TestSource implements RunSource {
  readonly specs = new Map<Hash, string>();
  readonly models = new Map<Hash, Uint8Array>();
  readonly states = new Map<Hash, Uint8Array>();
  /** All headers of the one run that count, ascending. */
  headersHeld: readonly string[] = [];
  voidsHeld: readonly VoidSpan[] = [];
  leavesHeld: readonly Contrib[] | undefined;
  excludedHeld: readonly Exclude[] = [];
  /** Calls so far, e.g. `headers 0`. */
  readonly calls: string[] = [];

  constructor(run: TestSpec) {
    this.specs.set(run.id, run.canonical);
    this.models.set(run.model.id, run.model.bytes);
  }

  async spec(id: Hash): Promise<string> {
    this.calls.push('spec');
    return found(this.specs.get(id), id);
  }

  async model(id: Hash): Promise<Uint8Array> {
    this.calls.push('model');
    return found(this.models.get(id), id);
  }

  async state(id: Hash): Promise<Uint8Array> {
    this.calls.push('state');
    return found(this.states.get(id), id);
  }

  async headers(_run: RunId, from: number): Promise<readonly string[]> {
    this.calls.push(`headers ${from}`);
    const next = this.headersHeld.findIndex(
      (wire) => decodeSigned(HEADER, wire).value.round >= from,
    );
    return next < 0 ? [] : this.headersHeld.slice(next, next + 4);
  }

  voids(): Promise<readonly VoidSpan[]> {
    return Promise.resolve(this.voidsHeld);
  }

  async contents(): Promise<RoundContents> {
    this.calls.push('contents');
    const leaves = found(this.leavesHeld, sha256(fromHex('')));
    return { leaves, excluded: this.excludedHeld };
  }
}

function found<T>(value: T | undefined, id: Hash): T {
  if (value === undefined) throw new TallyError('NET_UNREACHABLE', { url: id, reason: 'not here' });
  return value;
}

/** A trainer that moves every weight by the same amount, or fails as told; keeps its requests. */
export class FakeTrainer implements Trainer {
  readonly requests: TrainRequest[] = [];
  delta = 0.125;
  numExamples = 172;
  failure: Error | undefined;
  /** Awaited inside `train`, so that a test can stop time there. */
  gate: Promise<void> = Promise.resolve();

  async train(request: TrainRequest): Promise<TrainResult> {
    this.requests.push(request);
    await this.gate;
    request.signal?.throwIfAborted();
    if (this.failure !== undefined) throw this.failure;
    const weights = request.weights.map((weight) => weight + this.delta);
    return { weights, lossBefore: 0.7, lossAfter: 0.5, numExamples: this.numExamples };
  }

  async evaluate(request: EvaluateRequest): Promise<{
    numExamples: number;
    loss: number;
    accuracy: number;
  }> {
    if (this.failure !== undefined) throw this.failure;
    return { numExamples: request.set === 'test' ? 89 : 0, loss: 0.25, accuracy: 0.75 };
  }

  async close(): Promise<void> {}
}
