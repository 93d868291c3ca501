/**
 * One digest over what the kernels make of fixed inputs, for tests that compare machines and Node versions.
 *
 *     node kernels-main.js <workers> [perturbed]
 *
 * Covers every codec (the published vectors encoded, and folds of updates in every form), every robust rule and every
 * server step over two rounds, with that many workers. Prints {node, workers, results, digest}. `perturbed` changes one q of
 * one update by one unit: the digest must be another.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import {
  encodeModel,
  encodeUpdate,
  type Manifest,
  manifestOf,
  type Strategy,
  type TensorShape,
  type UpdateForm,
  updateManifestOf,
} from '@tallystick/aggregation';
import { FORMS, nameOf, randomUpdate } from '@tallystick/aggregation/testing';
import { FsBlobStore } from '@tallystick/blobs';
import { asHash, fromHex, type Hash, utf8, ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { FoldSpec, Weighted } from '@tallystick/rounds';
import { WorkerFolderFactory } from '../worker-folder-factory.js';
import { foldOf, RULES, weighted } from './fold-inputs.js';

const VECTORS = new URL('../../../../test-vectors/update-forms.json', import.meta.url);
/** Two rows of work and a tensor that ends inside a block. */
const MANIFEST: Manifest = manifestOf(sha256, [
  { name: 'dense0.kernel', shape: [126, 130] },
  { name: 'dense0.bias', shape: [129] },
]);
/** Uneven, and exact in binary32 on every machine: no sine, whose last bit is the engine's own. */
const MODEL = Float32Array.from({ length: MANIFEST.d }, (_, j) => ((j * 7919) % 2003) / 1024 - 1);
const NODES = 11;

const rate = { serverLearningRate: 0.3 };
const STRATEGIES: readonly Strategy[] = [
  { kind: 'fedAvg', ...rate },
  { kind: 'fedNova', ...rate },
  { kind: 'fedAvgM', ...rate, beta1: 0.9 },
  { kind: 'fedAdagrad', ...rate, beta1: 0.9, tau: 1e-3 },
  { kind: 'fedAdam', ...rate, beta1: 0.9, beta2: 0.99, tau: 1e-3 },
  { kind: 'fedYogi', ...rate, beta1: 0.9, beta2: 0.99, tau: 1e-3 },
  { kind: 'scaffold', ...rate },
];

interface Vector {
  readonly name: string;
  readonly tensors: TensorShape[];
  readonly form: UpdateForm;
  readonly divisor: number;
  readonly seed: string;
  readonly before: string;
  readonly after: string;
  readonly residual?: string;
}

const floats = (hex: string): Float32Array => new Float32Array(fromHex(hex).buffer);

/** The files and residuals that the published changes are encoded to. */
async function encodedVectors(): Promise<string[]> {
  const { updates } = JSON.parse(await readFile(VECTORS, 'utf8')) as { updates: Vector[] }; // our own file
  return updates.map((vector) => {
    const encoded = encodeUpdate({
      ...{ sha256, manifest: manifestOf(sha256, vector.tensors), form: vector.form },
      ...{ seed: asHash(vector.seed), divisor: vector.divisor },
      ...{ before: floats(vector.before), after: floats(vector.after) },
      residual: vector.residual === undefined ? undefined : floats(vector.residual),
    });
    const { buffer, byteOffset, byteLength } = encoded.residual ?? new Float32Array();
    const left = sha256(new Uint8Array(buffer, byteOffset, byteLength));
    return `encode ${vector.name}: ${sha256(encoded.file)} ${left}`;
  });
}

/** Folds the same updates again and again, each time by another rule. */
class Folds {
  readonly #blobs: FsBlobStore;
  readonly #factory: WorkerFolderFactory;
  readonly #isPerturbed: boolean;

  constructor(folder: string, workers: number, isPerturbed: boolean) {
    this.#blobs = new FsBlobStore({ folder });
    this.#factory = new WorkerFolderFactory({ blobs: this.#blobs, workers });
    this.#isPerturbed = isPerturbed;
  }

  async lines(): Promise<string[]> {
    const lines: string[] = [];
    const average: Strategy = { kind: 'fedAvg', serverLearningRate: 1 };
    for (const form of FORMS) {
      lines.push(`${nameOf(form)}: ${await this.#rounds({ strategy: average, form }, 1)}`);
    }
    for (const rule of RULES) {
      lines.push(
        `${JSON.stringify(rule)}: ${await this.#rounds({ strategy: average, ...rule }, 2)}`,
      );
    }
    for (const strategy of STRATEGIES) {
      lines.push(`${strategy.kind}: ${await this.#rounds({ strategy }, 2)}`);
    }
    return lines;
  }

  close(): Promise<void> {
    return this.#factory.close();
  }

  /** Models and states after each of so many rounds, the next one on what the last one left. */
  async #rounds(
    rules: Partial<FoldSpec> & { readonly strategy: Strategy },
    count: number,
  ): Promise<string> {
    let model = await this.#blobs.put(encodeModel(MANIFEST, MODEL));
    let state: Hash = ZERO_HASH;
    const seen: string[] = [];
    for (let round = 0; round < count; round++) {
      const folder = await this.#factory.open(foldOf({ ...rules, model, state, cohort: NODES }));
      for (const one of await this.#updates(rules, round)) await folder.add(one);
      const result = await folder.finish();
      await folder.close();
      if (!result.ok) return [...seen, result.code].join(' ');
      ({ model, state } = result);
      seen.push(model, state, String(result.sumWeight));
    }
    return seen.join(' ');
  }

  #updates({ form, strategy }: Partial<FoldSpec>, round: number): Promise<Weighted[]> {
    const manifest = updateManifestOf(sha256, MANIFEST, strategy?.kind ?? 'fedAvg');
    return Promise.all(
      Array.from({ length: NODES }, async (_, i) => {
        const file = randomUpdate(manifest, NODES * round + i, form);
        if (this.#isPerturbed && i === 5) this.#nudge(file, form);
        return weighted(await this.#blobs.put(file), BigInt(1 + ((37 * i) % 101)), i, i + 1);
      }),
    );
  }

  /** Changes the last q of a dense i32 file by one. */
  #nudge(file: Uint8Array, form: UpdateForm | undefined): void {
    if (form !== undefined && (form.codec !== 'i32' || form.topPpm !== undefined)) return;
    const at = file.length - 4;
    file[at] = (file[at] ?? 0) ^ 1;
  }
}

const workers = Number(process.argv[2]);
if (!Number.isSafeInteger(workers) || workers < 1) {
  process.stderr.write('usage: kernels-main.js <workers> [perturbed]\n');
  process.exit(64);
}
const home = await mkdtemp(join(tmpdir(), 'tally-kernels-'));
const folds = new Folds(home, workers, process.argv[3] === 'perturbed');
try {
  const results = [...(await encodedVectors()), ...(await folds.lines())];
  const digest = sha256(utf8(results.join('\n')));
  process.stdout.write(
    `${JSON.stringify({ node: process.version, workers, results: results.length, digest })}\n`,
  );
} finally {
  await folds.close();
  await rm(home, { recursive: true, force: true });
}
