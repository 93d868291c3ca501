import { asNodeId, type NodeId, type RunId, TallyError } from '@tallystick/kernel';
import {
  LIMITS,
  type MembersQuery,
  type MemberView,
  type RoundMembers,
  type RunCurves,
  type RunGrid,
} from '@tallystick/protocol';
import { HEADER, LOSS_NOT_MEASURED, RECEIPT, TASK } from '@tallystick/record';
import type { Sees } from '../auth/run-access.js';
import type { Progress } from '../fleet/node-session.js';
import type { EventEntity, RoundEntity } from '../persistence/entities/index.js';
import type { FigureRows, MemberRows, RoundSpan } from '../persistence/figure-rows.js';
import type { NodeRow, NodeRows } from '../persistence/node-rows.js';
import { recordOf } from '../persistence/record-list.js';
import { nodeStates } from './node-states.js';

/** What a connected node said last of its work; undefined: nothing. */
export type Said = (node: NodeId) => Progress | undefined;

/** Curves, grids and cohorts as the API shows them. */
export class FigureViews {
  readonly #figures: FigureRows;
  readonly #nodes: Pick<NodeRows, 'list'>;
  readonly #said: Said;

  constructor(deps: {
    readonly figures: FigureRows;
    readonly nodes: Pick<NodeRows, 'list'>;
    readonly said: Said;
  }) {
    this.#figures = deps.figures;
    this.#nodes = deps.nodes;
    this.#said = deps.said;
  }

  async curves(span: RoundSpan, sees: Sees<NodeId>, wanted?: string): Promise<RunCurves> {
    const metrics = await this.#figures.metricNames(span.run);
    const metric = metrics.find((name) => name === wanted) ?? metrics[0] ?? null;
    const times = await this.#figures.times(span);
    const spread = metric === null ? [] : await this.#figures.spread(span, metric);
    const curves = metric === null ? [] : await this.#figures.siteCurves(span, metric);
    const at = new Map(spread.map((row) => [row.round, row]));
    return {
      run: span.run,
      metrics: [...metrics],
      metric,
      round: times.map(({ round }) => round),
      openedAtMs: times.map(({ opened_ms: opened }) => opened),
      closedAtMs: times.map(({ closed_ms: closed }) => closed),
      lossBefore: times.map(({ loss_before: loss }) => loss),
      lossAfter: times.map(({ loss_after: loss }) => loss),
      bytes: times.map(({ bytes }) => bytes),
      firstMs: times.map(({ first_ms: first }) => first),
      lastMs: times.map(({ last_ms: last }) => last),
      commitMs: times.map(({ commit_ms: commit }) => commit),
      mean: times.map(({ round }) => at.get(round)?.mean ?? null),
      low: times.map(({ round }) => at.get(round)?.low ?? null),
      high: times.map(({ round }) => at.get(round)?.high ?? null),
      sites: curves.flatMap(({ node_id: id, points }) => {
        const node = asNodeId(id);
        const values = new Map(points);
        return sees(node)
          ? [{ node, values: times.map(({ round }) => values.get(round) ?? null) }]
          : [];
      }),
      reporting: curves[0]?.reporting ?? 0,
    };
  }

  async grid(span: RoundSpan, sees: Sees<NodeId>): Promise<RunGrid> {
    const rounds = await this.#figures.rounds(span);
    const answers = await this.#figures.answered(span);
    const rows = rounds.map((round) => {
      const isHere = (row: { readonly round: number }): boolean => row.round === round.round;
      const accepted = new Set(answers.contributions.filter(isHere).map(({ nodeId }) => nodeId));
      const declined = new Set(answers.declines.filter(isHere).map(({ nodeId }) => nodeId));
      return { round: round.round, states: nodeStates(round, { accepted, declined }) };
    });
    const asked = [...new Set(rows.flatMap(({ states }) => [...states.keys()]))].filter(sees);
    const nodes = asked.sort((a, b) => a - b).slice(0, LIMITS.maxCurveSites);
    return {
      run: span.run,
      nodes,
      asked: asked.length,
      rows: rows.map(({ round, states }) => ({
        round,
        states: nodes.map((node) => states.get(node)?.state ?? null),
      })),
    };
  }

  /** Throws USAGE_UNKNOWN_ROUND for a round that was never opened. */
  async members(
    { run, round: number }: { readonly run: RunId; readonly round: number },
    sees: Sees<NodeId>,
    page: MembersQuery,
  ): Promise<RoundMembers> {
    const [round] = await this.#figures.rounds({ run, from: number, limit: 1 });
    if (round === undefined) throw new TallyError('USAGE_UNKNOWN_ROUND', { run, round: number });
    const all = [...nodeStates(round, { accepted: new Set(), declined: new Set() }).keys()];
    const { after = -1, limit } = page;
    const nodes = all.filter((node) => node > after && sees(node)).slice(0, limit);
    const rows = await this.#figures.members(run, number, nodes);
    const sites = new Map((await this.#nodes.list()).map((row) => [row.node.id, row]));
    return {
      run,
      round: number,
      isOpen: round.header === null && !round.isVoid,
      openedAtMs: round.openedAt.getTime(),
      deadlineMs: Number(recordOf(TASK, round.task).deadlineMs),
      closedAtMs: round.closedAt?.getTime() ?? null,
      cohort: all.length,
      header: headerView(round),
      members: memberViews(round, nodes, { rows, sites, said: this.#said }),
    };
  }
}

function headerView({ header }: RoundEntity): RoundMembers['header'] {
  if (header === null) return null;
  const { mode, prev, task, atBlock, stateAfter, contribRoot, excludedRoot, metrics } = recordOf(
    HEADER,
    header,
  );
  return { mode, prev, task, atBlock, stateAfter, contribRoot, excludedRoot, metrics };
}

/** What is told of the members of a round. */
interface MemberSources {
  readonly rows: MemberRows;
  readonly sites: ReadonlyMap<NodeId, NodeRow>;
  readonly said: Said;
}

function memberViews(
  round: RoundEntity,
  nodes: readonly NodeId[],
  { rows, sites, said }: MemberSources,
): MemberView[] {
  const byNode = <T extends { readonly nodeId: NodeId | null }>(list: readonly T[]) =>
    new Map(list.map((row) => [row.nodeId, row]));
  const contributions = byNode(rows.contributions);
  const evaluations = byNode(rows.evaluations);
  const told = byNode(rows.events);
  const states = nodeStates(round, {
    accepted: new Set(rows.contributions.map(({ nodeId }) => nodeId)),
    declined: new Set(rows.declines.map(({ nodeId }) => nodeId)),
  });
  return nodes.map((node) => {
    const sent = contributions.get(node);
    const receipt = sent === undefined ? undefined : recordOf(RECEIPT, sent.receipt);
    const site = sites.get(node);
    return {
      node,
      name: site?.node.name ?? '',
      organisation: site?.organisation ?? '',
      organisationId: site?.node.organisationId ?? null,
      state: states.get(node)?.state ?? 'offered',
      exclusion: states.get(node)?.exclusion ?? null,
      acceptedAtMs: sent?.acceptedAt.getTime() ?? null,
      updateBytes: receipt === undefined ? null : Number(receipt.updateBytes),
      numExamples: receipt === undefined ? null : Number(receipt.numExamples),
      lossBefore: lossOf(receipt?.lossBefore),
      lossAfter: lossOf(receipt?.lossAfter),
      ...toldOf(told.get(node)),
      evaluation: evaluations.get(node)?.metrics ?? null,
      progress: round.header === null ? progressOf(round, said(node)) : null,
    };
  });
}

/** What a node says counts for the round that it says it of. */
function progressOf(
  { runId, round }: RoundEntity,
  said: Progress | undefined,
): MemberView['progress'] {
  if (said === undefined || said.run !== runId || said.round !== round) return null;
  return { stage: said.stage, fraction: said.fraction };
}

function lossOf(loss: bigint | undefined): number | null {
  return loss === undefined || loss === LOSS_NOT_MEASURED ? null : Number(loss);
}

function toldOf(event: EventEntity | undefined): Pick<MemberView, 'code' | 'message'> {
  const { code, message } = event?.detail ?? {};
  return {
    code: code === undefined ? null : String(code),
    message: message === undefined ? null : String(message),
  };
}
