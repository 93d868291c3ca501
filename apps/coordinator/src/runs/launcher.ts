import { asHash, type RunId, type Sha256, TallyError, utf8 } from '@tallystick/kernel';
import { type NewRun, type RoundLedger, UNIT } from '@tallystick/chain';
import { epochBudget, MAX_SCORED_VALUES } from '@tallystick/payout';
import {
  type LaunchRequest,
  parseRunSpec,
  payoutOf,
  type RunSpec,
  specHash,
} from '@tallystick/protocol';
import {
  type BlobStore,
  type GenesisModel,
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
    const hash = specHash(sha256, canonical);
    const model = makeGenesisModel(sha256, spec, hash);
    refuseUnscorable(spec, model);
    await this.#keepValidation(spec, request.validation);
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

  /** Whoever audits the run needs the same file: it is a blob, and named by the spec. */
  async #keepValidation(spec: RunSpec, text: string | undefined): Promise<void> {
    const wanted = payoutOf(spec).validation?.sha256;
    if (wanted === undefined && text === undefined) return;
    const { blobs, sha256 } = this.#deps;
    const bytes = text === undefined ? undefined : utf8(text);
    const found = bytes === undefined ? undefined : sha256(bytes);
    if (wanted === undefined || (found !== undefined && found !== wanted)) {
      const detail = `the validation file is ${found}, the run spec names ${wanted ?? 'none'}`;
      throw new TallyError('USAGE_INVALID', { detail });
    }
    if (bytes !== undefined) await blobs.put(bytes);
    else if (!(await blobs.has(asHash(wanted)))) {
      const detail = `the coordinator has no validation file ${wanted}; send it with the launch`;
      throw new TallyError('USAGE_INVALID', { detail });
    }
  }
}

/** A round whose updates nobody could hold together must not take a pot. */
function refuseUnscorable(spec: RunSpec, { manifest: { d } }: GenesisModel): void {
  const most = Math.floor(MAX_SCORED_VALUES / d);
  if (payoutOf(spec).policy !== 'contribution' || (spec.window.count.max ?? most) <= most) return;
  throw new TallyError('USAGE_UNSUPPORTED', {
    what: `scoring ${spec.window.count.max} updates of ${d} parameters in one round`,
    instead: `Set \`window.count.max\` to at most ${most}, or \`payout.policy\` to \`weight\`.`,
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
