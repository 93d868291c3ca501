import type { RunId, Sha256 } from '@tallystick/kernel';
import { type RoundLedger, type RunPayout, type RunWindows, UNIT } from '@tallystick/chain';
import { type LaunchRequest, parseRunSpec, specHash } from '@tallystick/protocol';
import { type BlobStore, genesisModel as makeGenesisModel } from '@tallystick/rounds';
import type { Fence } from '../persistence/fence.js';
import type { RunRows } from '../persistence/run-rows.js';

const HOUR_MS = 3_600_000n;
/** Windows of every run of this version: nothing is disputed or settled yet, and the pallet wants them set. */
const WINDOWS: RunWindows = {
  challengeMs: HOUR_MS,
  settleMs: 24n * HOUR_MS,
  haltMs: 24n * HOUR_MS,
  maxTaskAgeBlocks: 1_024,
};

/** Nothing is paid out in this version: the whole pot goes back to its owner. */
const PAYOUT: RunPayout = {
  policy: 'weight',
  epochRounds: 5,
  epochBudget: 0n,
  capPpm: 1_000_000,
};

export interface LauncherDeps {
  readonly rows: RunRows;
  readonly ledger: RoundLedger;
  readonly blobs: BlobStore;
  readonly sha256: Sha256;
  /** The leader's lease; throws NET_STANDBY when this process has none. */
  readonly fence: () => Fence;
}

/** Turns a run.yaml into a run: spec and genesis model stored, the run proposed on the chain, its row written. */
export class Launcher {
  readonly #deps: LauncherDeps;

  constructor(deps: LauncherDeps) {
    this.#deps = deps;
  }

  /** Rejects with CONFIG_RUN_SPEC_INVALID naming every fault with line and column; then nothing was stored. */
  async launch({ spec: yaml, pot }: LaunchRequest): Promise<RunId> {
    const { rows, ledger, blobs, sha256 } = this.#deps;
    const fence = this.#deps.fence();
    const parsed = parseRunSpec(yaml);
    if (!parsed.ok) throw parsed.error;
    const { spec, canonical } = parsed;
    const hash = specHash(sha256, canonical);
    const model = makeGenesisModel(sha256, spec, hash);
    await blobs.put(model.bytes);
    const id = await ledger.createRun({
      spec: hash,
      model: model.id,
      minNodes: spec.window.count.min,
      windows: WINDOWS,
      weighting: { kind: spec.numeric.weighting, cap: BigInt(spec.numeric.cap) },
      purpose: Number(spec.purpose.slice('DUO:'.length)),
      consentRequired: false,
      payout: PAYOUT,
      pot: BigInt(pot) * UNIT,
    });
    const { name } = spec;
    const genesisModel = model.id;
    const row = { id, name, specHash: hash, spec: canonical, genesisModel, pot: BigInt(pot) };
    await rows.propose(row, fence);
    return id;
  }
}
