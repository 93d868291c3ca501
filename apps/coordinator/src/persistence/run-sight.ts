import type { AccountId, Hash, NodeId, RunId } from '@tallystick/kernel';
import { In } from 'typeorm';
import { NodeEntity, OrganisationEntity } from './entities/index.js';
import type { UnitOfWork } from './unit-of-work.js';

/** Bytes of a MEMBER record; its first four are the node, little-endian. */
const MEMBER_BYTES = 16;

/**
 * True iff the organisation named $1 takes part in run `r`: a node of it contributed or declined, or is in the cohort of
 * a round.
 */
const TAKES_PART = `
EXISTS (
  SELECT FROM nodes n JOIN organisations o ON o.id = n.organisation_id
  WHERE o.name = $1 AND (
    EXISTS (SELECT FROM contributions c WHERE c.run_id = r.id AND c.node_id = n.id)
    OR EXISTS (SELECT FROM declines d WHERE d.run_id = r.id AND d.node_id = n.id)
    OR EXISTS (
      SELECT FROM rounds t, generate_series(0, length(t.cohort) / ${MEMBER_BYTES} - 1) AS i
      WHERE t.run_id = r.id AND
        get_byte(t.cohort, i * ${MEMBER_BYTES}) + get_byte(t.cohort, i * ${MEMBER_BYTES} + 1) * 256
        + get_byte(t.cohort, i * ${MEMBER_BYTES} + 2) * 65536
        + get_byte(t.cohort, i * ${MEMBER_BYTES} + 3)::bigint * 16777216 = n.id)))`;

/** Which runs an organisation takes part in, and what is its own. */
export class RunSight {
  readonly #work: UnitOfWork;

  constructor(work: UnitOfWork) {
    this.#work = work;
  }

  takesPart(organisation: string, run: RunId): Promise<boolean> {
    return this.#has(`r.id = $2 AND ${TAKES_PART}`, [organisation, run]);
  }

  /** Of these runs. */
  async among(organisation: string, runs: readonly RunId[]): Promise<ReadonlySet<RunId>> {
    const sql = `SELECT r.id::int8 AS id FROM runs r WHERE r.id = ANY($2) AND ${TAKES_PART}`;
    const rows: unknown = await this.#work.read((manager) =>
      manager.query(sql, [organisation, runs]),
    );
    const ids = new Set(
      (Array.isArray(rows) ? rows : []).map(({ id }: { id: string }) => Number(id)),
    );
    return new Set(runs.filter((run) => ids.has(run)));
  }

  async nodes(organisation: string): Promise<ReadonlySet<NodeId>> {
    return this.#work.read(async (manager) => {
      const own = await manager.findBy(OrganisationEntity, { name: organisation });
      const organisationId = In(own.map(({ id }) => id));
      const nodes = await manager.findBy(NodeEntity, { organisationId });
      return new Set(nodes.map(({ id }) => id));
    });
  }

  /** What it is paid on. */
  async accounts(organisation: string): Promise<ReadonlySet<AccountId>> {
    const own = await this.#work.read((manager) =>
      manager.findBy(OrganisationEntity, { name: organisation }),
    );
    return new Set(own.map(({ payout }) => payout));
  }

  /** Is it the model or the spec of a run that the organisation takes part in? */
  seesModel(organisation: string, id: Hash): Promise<boolean> {
    const isModel = `(r.genesis_model = $2
      OR EXISTS (SELECT FROM rounds m WHERE m.run_id = r.id AND m.model_after = $2))`;
    return this.#has(`${isModel} AND ${TAKES_PART}`, [organisation, Buffer.from(id, 'hex')]);
  }

  seesSpec(organisation: string, id: Hash): Promise<boolean> {
    return this.#has(`r.spec_hash = $2 AND ${TAKES_PART}`, [organisation, Buffer.from(id, 'hex')]);
  }

  async #has(condition: string, values: readonly unknown[]): Promise<boolean> {
    const sql = `SELECT 1 FROM runs r WHERE ${condition} LIMIT 1`;
    const rows: unknown = await this.#work.read((manager) => manager.query(sql, [...values]));
    return Array.isArray(rows) && rows.length === 1;
  }
}
