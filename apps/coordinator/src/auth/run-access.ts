import { type AccountId, type Hash, type NodeId, type RunId, TallyError } from '@tallystick/kernel';
import type { RunEntity } from '../persistence/entities/index.js';
import type { RunRows } from '../persistence/run-rows.js';
import type { RunSight } from '../persistence/run-sight.js';
import type { Principal } from './principal.js';

/** Which nodes, or accounts, somebody sees one by one; sums, means and bands are over all. */
export type Sees<T> = (one: T) => boolean;

/**
 * Object checks of runs. A site sees the runs its organisation takes part in; other runs look as if they were not there.
 * A researcher controls the runs it launched. Nodes and everybody else see all. RunGuard asks `see` for every route of a run.
 */
export class RunAccess {
  readonly #rows: Pick<RunRows, 'get'>;
  readonly #sight: RunSight;

  constructor(rows: Pick<RunRows, 'get'>, sight: RunSight) {
    this.#rows = rows;
    this.#sight = sight;
  }

  /** The run, when `by` may see it. Throws USAGE_UNKNOWN_RUN. */
  async see(by: Principal, run: RunId): Promise<RunEntity> {
    const row = await this.#rows.get(run);
    const organisation = boundTo(by);
    if (organisation !== undefined && !(await this.#sight.takesPart(organisation, run))) {
      throw new TallyError('USAGE_UNKNOWN_RUN', { run });
    }
    return row;
  }

  /** The run, when `by`, who sees it, may stop, pause or close it. Throws USAGE_UNKNOWN_RUN or AUTH_DENIED. */
  async control(by: Principal, run: RunId): Promise<RunEntity> {
    const row = await this.#rows.get(run);
    if (by.role === 'admin' || row.owner === by.id) return row;
    throw new TallyError('AUTH_DENIED', {
      what: `control of run ${run}; somebody else launched it`,
    });
  }

  /** Those of the runs that `by` may see, in their order. */
  async visible<T extends { readonly run: RunId }>(
    by: Principal,
    runs: readonly T[],
  ): Promise<readonly T[]> {
    const organisation = boundTo(by);
    if (organisation === undefined) return runs;
    const seen = await this.#sight.among(
      organisation,
      runs.map(({ run }) => run),
    );
    return runs.filter(({ run }) => seen.has(run));
  }

  async nodes(by: Principal): Promise<Sees<NodeId>> {
    const organisation = boundTo(by);
    if (organisation === undefined) return () => true;
    const own = await this.#sight.nodes(organisation);
    return (node) => own.has(node);
  }

  async accounts(by: Principal): Promise<Sees<AccountId>> {
    const organisation = boundTo(by);
    if (organisation === undefined) return () => true;
    const own = await this.#sight.accounts(organisation);
    return (account) => own.has(account);
  }

  /** Throws MODEL_UNKNOWN for a model of runs that `by` does not see. */
  async seeModel(by: Principal, sha256: Hash): Promise<void> {
    const organisation = boundTo(by);
    if (organisation === undefined || (await this.#sight.seesModel(organisation, sha256))) return;
    throw new TallyError('MODEL_UNKNOWN', { sha256 });
  }

  /** Throws STORE_BLOB_MISSING for a spec of runs that `by` does not see. */
  async seeSpec(by: Principal, sha256: Hash): Promise<void> {
    const organisation = boundTo(by);
    if (organisation === undefined || (await this.#sight.seesSpec(organisation, sha256))) return;
    throw new TallyError('STORE_BLOB_MISSING', { sha256 });
  }
}

/** The organisation that bounds what a person of the role `site` sees; undefined: nothing does. */
export function boundTo({ kind, role, organisation }: Principal): string | undefined {
  if (kind === 'node' || role !== 'site') return undefined;
  return organisation ?? '';
}
