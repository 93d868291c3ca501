import {
  type Ed25519,
  type Hash,
  type NodeId,
  type OrganisationId,
  type RunId,
  type Sha256,
  type Signer,
  utf8,
  ZERO_HASH,
} from '@tallystick/kernel';
import { MemoryLogger, VirtualClock } from '@tallystick/kernel/testing';
import type { RunSpec } from '@tallystick/protocol';
import { DECLINE, type Receipt, RECEIPT, receiptHash, signRecord } from '@tallystick/record';
import type { Consent, RunConsents } from '../consent.js';
import { InMemoryJournal } from '../in-memory-journal.js';
import type {
  DeclineText,
  BlockRef,
  EligibleNode,
  Folder,
  FolderFactory,
  FoldResult,
  Inspection,
  LedgerView,
  NodeLink,
  Offer,
  RoundResult,
  Weighted,
} from '../ports/index.js';
import { RunLoop } from '../run-loop.js';
import type { RunDeps, RunPlan } from '../run-plan.js';
import type { Verdict } from '../verdict.js';

/** Folds names instead of numbers: the model is the hash of the sorted contributions, so a lost or doubled one shows. */
export class FakeFolders implements FolderFactory {
  readonly #sha256: Sha256;
  /** Updates that the canonical check refuses. */
  readonly malformed: Set<Hash> = new Set();
  isFinite: boolean = true;
  failures: number = 0;

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  open(spec: { model: Hash; state: Hash }): Promise<Folder> {
    if (this.failures > 0) {
      this.failures--;
      return Promise.reject(new Error('disk away'));
    }
    let parts: Weighted[] = [];
    const text = (): string =>
      parts
        .map(({ update, weight }) => `${update}*${weight}`)
        .toSorted()
        .join('+');
    return Promise.resolve({
      inspect: (update): Promise<Inspection> =>
        Promise.resolve(
          this.malformed.has(update)
            ? { ok: false, code: 'UPDATE_MALFORMED', reason: 'bad padding' }
            : { ok: true, bytes: 100 },
        ),
      add: (part) => Promise.resolve(void parts.push(part)),
      rebuild: (list) => Promise.resolve(void (parts = [...list])),
      finish: (): Promise<FoldResult> =>
        Promise.resolve(
          this.isFinite
            ? {
                ok: true,
                model: this.#sha256(utf8(`${spec.model} ${text()}`)),
                state: ZERO_HASH,
                sumWeight: parts.reduce((sum, part) => sum + part.weight, 0n),
              }
            : { ok: false, code: 'ROUND_MODEL_NOT_FINITE' },
        ),
      close: () => Promise.resolve(),
    });
  }
}

/** A chain of one block per look, with a fixed set of nodes. */
export class FakeLedger implements LedgerView {
  readonly nodes: EligibleNode[] = [];
  readonly given: Map<NodeId, Consent> = new Map();
  block: number = 1;
  /** What the chain takes of the rounds that are closed. */
  anchoredRounds: number = 1_000_000;
  /** The error that every question gets; true for one without a code. */
  down: boolean | Error = false;
  /** The number that follows the newest closed round. */
  closedRounds: () => number = () => 1_000_000;
  isHalted: boolean = false;

  genesis(): Promise<Hash> {
    return Promise.resolve('aa'.repeat(32) as Hash);
  }
  finalized(): Promise<BlockRef> {
    if (this.down !== false) return Promise.reject(awayOf(this.down));
    return Promise.resolve({ number: this.block, hash: 'bb'.repeat(32) as Hash });
  }
  eligible(): Promise<readonly EligibleNode[]> {
    return Promise.resolve([...this.nodes]);
  }
  consents(): Promise<RunConsents> {
    if (this.down !== false) return Promise.reject(awayOf(this.down));
    return Promise.resolve({ atBlock: this.block, atMs: 0n, byNode: this.given });
  }
  /** Round r is in block 1000 + r, once it is anchored. */
  committedIn(_run: RunId, round: number): Promise<BlockRef | undefined> {
    if (round >= this.anchoredRounds) return Promise.resolve(undefined);
    const number = 1_000 + round;
    return Promise.resolve({ number, hash: number.toString(16).padStart(64, '0') as Hash });
  }
  anchored(): ReturnType<LedgerView['anchored']> {
    const nextRound = Math.min(this.anchoredRounds, this.closedRounds());
    const head = ZERO_HASH;
    const hashes = { head, model: head, state: head };
    return Promise.resolve({ nextRound, ...hashes, lastAtBlock: 0, isHalted: this.isHalted });
  }
}

/** Keeps what was sent to each node. */
export class FakeLink implements NodeLink {
  readonly offers: { node: NodeId; offer: Offer }[] = [];
  readonly results: { node: NodeId; result: RoundResult }[] = [];
  /** `node/round` that has nothing to bring any more. */
  readonly drops: string[] = [];
  onOffer: (node: NodeId, offer: Offer) => void = () => undefined;

  offer(node: NodeId, offer: Offer): void {
    this.offers.push({ node, offer });
    this.onOffer(node, offer);
  }
  result(node: NodeId, result: RoundResult): void {
    this.results.push({ node, result });
  }
  drop(node: NodeId, _run: number, round: number): void {
    this.drops.push(`${node}/${round}`);
  }
}

/** A whole federation in virtual time: real run loop and records, fake folder, ledger and link. */
export class FakeFederation {
  readonly clock: VirtualClock = new VirtualClock();
  readonly journal: InMemoryJournal = new InMemoryJournal();
  readonly ledger: FakeLedger = new FakeLedger();
  readonly link: FakeLink = new FakeLink();
  readonly folders: FakeFolders;
  readonly plan: RunPlan;
  readonly deps: RunDeps;
  readonly #nodes: readonly Signer[];

  constructor(
    spec: RunSpec,
    crypto: { sha256: Sha256; ed25519: Ed25519; coordinator: Signer; nodes: readonly Signer[] },
  ) {
    const { sha256, ed25519, coordinator, nodes } = crypto;
    this.folders = new FakeFolders(sha256);
    this.#nodes = nodes;
    nodes.forEach((signer, node) =>
      this.ledger.nodes.push({
        node: node as NodeId,
        organisation: node as OrganisationId,
        keyEpoch: 0,
        key: signer.key,
        cap: 1_000n,
      }),
    );
    this.ledger.closedRounds = () => this.journal.nextRound(this.plan.run);
    const specHash = sha256(utf8(JSON.stringify(spec)));
    this.plan = {
      chain: 'aa'.repeat(32) as Hash,
      run: 0 as RunId,
      spec,
      specHash,
      genesisModel: sha256(utf8('genesis model')),
    };
    this.deps = {
      journal: this.journal,
      folders: this.folders,
      ledger: this.ledger,
      link: this.link,
      signer: coordinator,
      sha256,
      ed25519,
      clock: this.clock,
      logger: new MemoryLogger(),
    };
  }

  /** A coordinator process over the same journal. */
  loop(): RunLoop {
    return new RunLoop(this.plan, this.deps);
  }

  /** The receipt that node `node` would sign for `offer`. */
  receiptFor(node: NodeId, offer: Offer, changes: Partial<Receipt> = {}): Receipt {
    const { task } = offer.task;
    return {
      chain: task.chain,
      run: task.run,
      round: task.round,
      prev: task.prev,
      task: offer.taskHash,
      node,
      keyEpoch: 0,
      update: this.deps.sha256(utf8(`update ${task.round} ${node}`)),
      updateBytes: 100n,
      numExamples: BigInt(10 * (node + 1)),
      lossBefore: 700_000_000n,
      lossAfter: 600_000_000n,
      policy: ZERO_HASH,
      salt: '00'.repeat(16),
      ...changes,
    };
  }

  /** Hash of that receipt with its signature. */
  receiptHash(node: NodeId, offer: Offer): Hash {
    const receipt = this.receiptFor(node, offer);
    const { signature } = signRecord(RECEIPT, receipt, this.#signer(node));
    return receiptHash(this.deps.sha256, receipt, signature);
  }

  /** Signs and submits as `node`. */
  submit(
    loop: RunLoop,
    node: NodeId,
    offer: Offer,
    changes: Partial<Receipt> = {},
    signAs: NodeId = node,
  ): Promise<Verdict> {
    const receipt = this.receiptFor(node, offer, changes);
    const { signature } = signRecord(RECEIPT, receipt, this.#signer(signAs));
    return loop.submit(node, { receipt, signature, updateBytes: 100n });
  }

  /** Declines as `node`. */
  decline(loop: RunLoop, node: NodeId, offer: Offer, told?: DeclineText): Promise<void> {
    const { chain, run, round } = offer.task.task;
    const decline = { chain, run, round, task: offer.taskHash, node, reason: 1 };
    const { signature } = signRecord(DECLINE, decline, this.#signer(node));
    return loop.decline(node, { value: decline, signature }, told);
  }

  #signer(node: number): Signer {
    const signer = this.#nodes[node];
    if (signer === undefined) throw new RangeError(`no node ${node}`);
    return signer;
  }
}

function awayOf(down: true | Error): Error {
  return down === true ? new Error('chain away') : down;
}
