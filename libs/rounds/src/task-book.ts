import { type Hash, type NodeId, type Sha256, type Signer } from '@tallystick/kernel';
import { recordHash, signRecord, TASK } from '@tallystick/record';
import type { CohortNode, ContributionRow, Offer, OpenRound, PastRound } from './ports/index.js';

/** A round whose task may still be answered. */
export interface AskedRound {
  readonly offer: Offer;
  readonly members: ReadonlyMap<NodeId, CohortNode>;
}

/** The task that a node is at work on. */
interface Work {
  readonly round: number;
  /** Its receipt came when it could not be counted: the node only has to be asked for it again. */
  readonly isReady: boolean;
}

interface BookedRound extends AskedRound {
  readonly cohortRoot: Hash;
  /** Contributions that this round took, by node and the round of their task. */
  readonly counted: ReadonlyMap<string, ContributionRow>;
}

/**
 * Which tasks may be answered, and who is at work on which. It holds the newest maxStaleness + 1 rounds and one entry
 * for each node; equal cohorts share their member list. Without staleness a task ends with its round.
 */
export class TaskBook {
  readonly #rounds = new Map<number, BookedRound>();
  readonly #work = new Map<NodeId, Work>();
  readonly #maxStaleness: number;
  readonly #deps: { readonly sha256: Sha256; readonly signer: Signer };

  constructor(maxStaleness: number, deps: { readonly sha256: Sha256; readonly signer: Signer }) {
    this.#maxStaleness = maxStaleness;
    this.#deps = deps;
  }

  /** Takes up closed rounds after a restart, ascending. Who is at work is not known then: everyone is asked anew. */
  restore(past: readonly PastRound[]): void {
    this.#rounds.clear();
    for (const { contributions, ...round } of past) {
      this.open(round, []);
      this.close(round.round, contributions);
    }
  }

  /** A round opens; what is older than maxStaleness before it ends. */
  open(open: OpenRound, headers: readonly string[]): AskedRound {
    const { round, task, cohort } = open;
    for (const old of this.#rounds.keys())
      if (!this.isAnswerable(old, round)) this.#rounds.delete(old);
    for (const [node, work] of this.#work) {
      if (!this.isAnswerable(work.round, round)) this.#work.delete(node);
    }
    const { sha256, signer } = this.#deps;
    const same = [...this.#rounds.values()].find(
      ({ cohortRoot }) => cohortRoot === task.cohortRoot,
    );
    const offer = {
      task: { task, wire: signRecord(TASK, task, signer).wire },
      taskHash: recordHash(sha256, TASK, task),
      cohort: same?.offer.cohort ?? cohort.map(({ member }) => member),
      headers,
    };
    const members = same?.members ?? new Map(cohort.map((node) => [node.member.node, node]));
    const booked = { offer, members, cohortRoot: task.cohortRoot, counted: new Map() };
    this.#rounds.set(round, booked);
    return booked;
  }

  /** A round closed over these rows, counted or not: none of their receipts counts again. */
  close(round: number, rows: readonly ContributionRow[]): void {
    const booked = this.#rounds.get(round);
    if (booked === undefined) return;
    const counted = new Map(rows.map((row) => [keyOf(row.node, row.receipt.round), row]));
    this.#rounds.set(round, { ...booked, counted });
  }

  /** The round, while its task may be answered. */
  find(round: number): AskedRound | undefined {
    return this.#rounds.get(round);
  }

  /** The row of an earlier round that took the receipt of `node` for the task of `round`. */
  counted(node: NodeId, round: number): ContributionRow | undefined {
    const key = keyOf(node, round);
    for (const { counted } of this.#rounds.values()) {
      const row = counted.get(key);
      if (row !== undefined) return row;
    }
    return undefined;
  }

  /** May a receipt for the task of `round` count in round `now`? */
  isAnswerable(round: number, now: number): boolean {
    return round <= now && now - round <= this.#maxStaleness;
  }

  /** The newest round whose tasks end when round `closed` does. */
  lastEnded(closed: number): number {
    return closed - this.#maxStaleness;
  }

  /** What `node` is at work on. */
  workOf(node: NodeId): Work | undefined {
    return this.#work.get(node);
  }

  /** `node` was given the task of `round`. */
  give(node: NodeId, round: number): void {
    this.#work.set(node, { round, isReady: false });
  }

  /** The receipt of `node` for `round` came between two rounds, or when its round was full. */
  keepForLater(node: NodeId, round: number): void {
    const work = this.#work.get(node);
    if (work === undefined || work.round <= round) this.#work.set(node, { round, isReady: true });
  }

  /** `node` has its last word on the task of `round`. */
  done(node: NodeId, round: number): void {
    if (this.#work.get(node)?.round === round) this.#work.delete(node);
  }
}

function keyOf(node: NodeId, round: number): string {
  return `${node}/${round}`;
}
