import {
  type Hash,
  type NodeId,
  type OrganisationId,
  type RunId,
  TallyError,
} from '@tallystick/kernel';
import { IsNull, Not } from 'typeorm';
import {
  EvaluationEntity,
  InviteEntity,
  NodeEntity,
  OrganisationEntity,
  RoundEntity,
} from './entities/index.js';
import type { UnitOfWork } from './unit-of-work.js';

/** A node as it joins. */
export type NewNodeRow = Pick<
  NodeEntity,
  'id' | 'organisationId' | 'name' | 'key' | 'owner' | 'cap'
>;

/** A node with its organisation's name. */
export interface NodeRow {
  readonly node: NodeEntity;
  readonly organisation: string;
}

/** What a site measured with the model of a closed round. */
export interface EvaluationRow {
  readonly run: RunId;
  readonly round: number;
  readonly node: NodeId;
  readonly model: Hash;
  readonly numExamples: bigint;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Organisations, invites, nodes and what nodes report. */
export class NodeRows {
  readonly #work: UnitOfWork;

  constructor(work: UnitOfWork) {
    this.#work = work;
  }

  organisation(name: string): Promise<OrganisationEntity | null> {
    return this.#work.read((manager) => manager.findOneBy(OrganisationEntity, { name }));
  }

  async addOrganisation(row: Pick<OrganisationEntity, 'id' | 'name' | 'payout'>): Promise<void> {
    await this.#work.run(async (tx) => {
      await tx.manager.insert(OrganisationEntity, { ...row, createdAt: tx.now() });
    });
  }

  async addInvite(tokenHash: Hash, organisationId: OrganisationId, lifeMs: number): Promise<Date> {
    return this.#work.run(async (tx) => {
      const expiresAt = new Date(tx.now().getTime() + lifeMs);
      const invite = { tokenHash, organisationId, createdAt: tx.now(), expiresAt };
      await tx.manager.insert(InviteEntity, invite);
      return expiresAt;
    });
  }

  /** The invite of this token. Throws AUTH_TOKEN_UNKNOWN, or AUTH_TOKEN_EXPIRED when it was not used in time. */
  async invite(tokenHash: Hash): Promise<InviteEntity> {
    return this.#work.run(async (tx) => {
      const invite = await tx.manager.findOneBy(InviteEntity, { tokenHash });
      if (invite === null) throw new TallyError('AUTH_TOKEN_UNKNOWN');
      if (invite.usedAt === null && invite.expiresAt <= tx.now()) {
        throw new TallyError('AUTH_TOKEN_EXPIRED', { expiredAt: invite.expiresAt.toISOString() });
      }
      return invite;
    });
  }

  /** Uses the invite up and stores its node, both or neither. */
  async join(tokenHash: Hash, node: NewNodeRow): Promise<void> {
    await this.#work.run(async (tx) => {
      await tx.manager.insert(NodeEntity, { ...node, strikes: 0, joinedAt: tx.now() });
      const { affected } = await tx.manager.update(
        InviteEntity,
        { tokenHash, usedAt: IsNull() },
        { usedAt: tx.now(), nodeId: node.id },
      );
      if (affected !== 1) throw new TallyError('AUTH_TOKEN_USED');
    });
  }

  async admitted(node: NodeId): Promise<void> {
    await this.#work.run(async (tx) => {
      await tx.manager.update(NodeEntity, { id: node }, { admittedAt: tx.now() });
    });
  }

  /** Nodes whose admission was interrupted. */
  pending(): Promise<readonly NodeEntity[]> {
    return this.#work.read((manager) => manager.findBy(NodeEntity, { admittedAt: IsNull() }));
  }

  async list(): Promise<readonly NodeRow[]> {
    return this.#work.read(async (manager) => {
      const organisations = await manager.find(OrganisationEntity);
      const names = new Map(organisations.map(({ id, name }) => [id, name]));
      const nodes = await manager.find(NodeEntity, { order: { id: 'ASC' } });
      return nodes.map((node) => ({ node, organisation: names.get(node.organisationId) ?? '' }));
    });
  }

  /** Throws USAGE_UNKNOWN_NODE. */
  async get(id: NodeId): Promise<NodeRow> {
    return this.#work.read(async (manager) => {
      const node = await manager.findOneBy(NodeEntity, { id });
      if (node === null) throw new TallyError('USAGE_UNKNOWN_NODE', { node: id });
      const { name } = await manager.findOneByOrFail(OrganisationEntity, {
        id: node.organisationId,
      });
      return { node, organisation: name };
    });
  }

  /** It was let in once; whether it may take part now is the chain's word. */
  wasAdmitted(node: NodeId): Promise<boolean> {
    return this.#work.read((manager) =>
      manager.existsBy(NodeEntity, { id: node, admittedAt: Not(IsNull()) }),
    );
  }

  /** Suspends the node, or lets it in again. Throws USAGE_UNKNOWN_NODE. */
  async suspend(node: NodeId, isSuspended: boolean): Promise<void> {
    await this.#work.run(async (tx) => {
      const suspendedAt = isSuspended ? tx.now() : null;
      const { affected } = await tx.manager.update(NodeEntity, { id: node }, { suspendedAt });
      if (affected !== 1) throw new TallyError('USAGE_UNKNOWN_NODE', { node });
    });
  }

  isSuspended(node: NodeId): Promise<boolean> {
    return this.#work.read((manager) =>
      manager.existsBy(NodeEntity, { id: node, suspendedAt: Not(IsNull()) }),
    );
  }

  async seen(node: NodeId): Promise<void> {
    await this.#work.run(async (tx) => {
      await tx.manager.update(NodeEntity, { id: node }, { seenAt: tx.now() });
    });
  }

  /** Counts a protocol violation; when it belongs to a run, its watchers hear of it. */
  async strike(
    node: NodeId,
    at: { readonly run: RunId; readonly round: number; readonly code: string },
  ): Promise<void> {
    await this.#work.run(async (tx) => {
      await tx.manager.increment(NodeEntity, { id: node }, 'strikes', 1);
      const { run, round, code } = at;
      await tx.tell(run, { type: 'update.refused', round, node, detail: { code } });
    });
  }

  /** Stores a report about a closed round of this model; the newest one of a node stands. */
  async report({ run, round, node, ...report }: EvaluationRow): Promise<void> {
    await this.#work.run(async (tx) => {
      const at = { runId: run, round };
      const closed = await tx.manager.findOne(RoundEntity, {
        select: { runId: true, round: true, modelAfter: true },
        where: at,
      });
      if (closed === null) throw new TallyError('USAGE_UNKNOWN_ROUND', { run, round });
      if (closed.modelAfter !== report.model) {
        const reason = `round ${round} of run ${run} does not have that model`;
        throw new TallyError('PROTO_UNEXPECTED', { kind: 'evaluation', reason });
      }
      await tx.manager.upsert(
        EvaluationEntity,
        { ...at, nodeId: node, ...report, reportedAt: tx.now() },
        ['runId', 'round', 'nodeId'],
      );
      const detail = { ...report.metrics, numExamples: report.numExamples.toString() };
      await tx.tell(run, { type: 'node.evaluated', round, node, detail });
    });
  }
}
