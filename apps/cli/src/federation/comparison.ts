import { decodeModel } from '@tallystick/aggregation';
import type { Hash } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { genesisModel } from '@tallystick/rounds';
import {
  baselineSeed,
  InlineTrainer,
  loadDataset,
  localAccuracy,
  pooledAccuracy,
} from '@tallystick/training';
import type { Example } from './example.js';

/** One site in the final table. Accuracies are shares of its own test rows. */
export interface SiteComparison {
  readonly name: string;
  readonly train: number;
  readonly test: number;
  /** The federated model. */
  readonly accuracy: number;
  /** A model trained on this site's rows alone, with as many steps. */
  readonly localAccuracy: number;
}

/** How the federated model compares with training alone and with all rows in one place. */
export interface Comparison {
  readonly sites: readonly SiteComparison[];
  readonly pooledAccuracy: number;
}

/**
 * Trains the two baselines with the run's own code and measures the federated model on each site's test rows. Only
 * possible where all files are at hand: the demo and simulations.
 */
export async function compare(
  example: Example,
  accuracyOf: ReadonlyMap<string, number>,
): Promise<Comparison> {
  const trainer = new InlineTrainer();
  const { spec } = example;
  const { manifest, bytes } = genesisModel(sha256, spec, example.specHash);
  const { weights } = decodeModel(sha256, bytes);
  const job = {
    manifest,
    weights,
    data: spec.data,
    model: spec.model,
    local: spec.local,
    rounds: spec.rounds,
  };
  const seed = (name: string): Hash => baselineSeed(example.specHash, name);
  try {
    const sites: SiteComparison[] = [];
    for (const { name, datasetPath } of example.sites) {
      const { train, test } = await loadDataset(datasetPath, spec.data);
      const local = await localAccuracy(trainer, { ...job, datasetPath, seed: seed(name) });
      const accuracy = accuracyOf.get(name) ?? Number.NaN;
      sites.push({
        name,
        train: train.rows,
        test: test.rows,
        accuracy,
        localAccuracy: local ?? Number.NaN,
      });
    }
    const datasetPaths = example.sites.map((site) => site.datasetPath);
    const pooled = await pooledAccuracy(trainer, { ...job, datasetPaths, seed: seed('pooled') });
    return { sites, pooledAccuracy: pooled ?? Number.NaN };
  } finally {
    await trainer.close();
  }
}
