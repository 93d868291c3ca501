import { type RunId, type Sha256, TallyError } from '@tallystick/kernel';
import { type NewRun, type RoundLedger, UNIT } from '@tallystick/chain';
import { epochBudget } from '@tallystick/payout';
import {
  type LaunchRequest,
  parseRunSpec,
  payoutOf,
  type RunSpec,
  specHash,
} from '@tallystick/protocol';
import {
  type BlobStore,
  genesisModel as makeGenesisModel,
  purposeNumber,
} from '@tallystick/rounds';
import type { Fence } from '../persistence/fence.js';
import type { LaunchRows } from '../persistence/launch-rows.js';
import type { CrashPoints } from '../crash-points.js';
import type { RunRows } from '../persistence/run-rows.js';

/** Oldest block that a task may name when its round is committed: the most that the pallet allows. */
const MAX_TASK_AGE_BLOCKS = 1_024;

export interface LauncherDeps {
  readonly rows: RunRows;
  readonly launches: LaunchRows;
  readonly ledger: RoundLedger;
  readonly blobs: BlobStore;
  readonly sha256: Sha256;
  readonly crash: CrashPoints;
  /** The leader's lease; throws NET_STANDBY when this process has none. */
  readonly fence: () => Fence;
}

/** Turns a run.yaml into a run: spec and genesis model stored, the run proposed on the chain, its row written. */
export class Launcher {
  readonly #deps: LauncherDeps;

  constructor(deps: LauncherDeps) {
    this.#deps = deps;
  }

  /**
   * Rejects with CONFIG_RUN_SPEC_INVALID naming every fault with line and column, or USAGE_UNSUPPORTED; then nothing was
   * stored.
   * @param owner id of the user who asks.
   */
  async launch(request: LaunchRequest, owner: string): Promise<RunId> {
    const { rows, launches, ledger, blobs, sha256 } = this.#deps;
    const fence = this.#deps.fence();
    const parsed = parseRunSpec(request.spec);
    if (!parsed.ok) throw parsed.error;
    const { spec, canonical } = parsed;
    refuseUnpayable(spec);
    const hash = specHash(sha256, canonical);
    const model = makeGenesisModel(sha256, spec, hash);
    await blobs.put(model.bytes);
    const { closeWhenSettled } = request;
    const row = {
      name: spec.name,
      specHash: hash,
      spec: canonical,
      genesisModel: model.id,
      pot: BigInt(request.pot),
      closeWhenSettled,
      owner,
    };
    const launch = await launches.begin(row, fence);
    const id = await ledger.createRun(newRunOf(spec, request, { spec: hash, model: model.id }));
    this.#deps.crash.hit('created-no-row', id);
    await rows.propose({ id, ...row }, fence, launch);
    return id;
  }
}

/** A run whose epochs no coordinator would settle must not take a pot. */
function refuseUnpayable(spec: RunSpec): void {
  if (payoutOf(spec).policy !== 'contribution') return;
  throw new TallyError('USAGE_UNSUPPORTED', {
    what: 'a launch with the payout policy `contribution`',
    instead:
      'Set `payout.policy` to `weight` or `equal`; scores are computed by libs/payout and `npm run bench:scores`.',
  });
}

/** The run as the chain is given it: everything but the pot and the windows follows from the spec. */
function newRunOf(
  spec: RunSpec,
  { pot: units, windows }: LaunchRequest,
  ids: Pick<NewRun, 'spec' | 'model'>,
): NewRun {
  const { policy, epochRounds, capPpm } = payoutOf(spec);
  const pot = BigInt(units) * UNIT;
  return {
    ...ids,
    minNodes: spec.window.count.min,
    windows: {
      challengeMs: BigInt(windows.challengeMs),
      settleMs: BigInt(windows.settleMs),
      haltMs: BigInt(windows.haltMs),
      maxTaskAgeBlocks: MAX_TASK_AGE_BLOCKS,
    },
    weighting: { kind: spec.numeric.weighting, cap: BigInt(spec.numeric.cap) },
    purpose: purposeNumber(spec.purpose),
    consentRequired: spec.consent === 'required',
    payout: {
      policy,
      epochRounds,
      capPpm,
      epochBudget: epochBudget(pot, spec.rounds, epochRounds),
    },
    pot,
  };
}
