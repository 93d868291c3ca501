import {
  type AccountId,
  asAccountId,
  asNodeId,
  asOrganisationId,
  asRunId,
  type Ed25519,
  type Hash,
  type NodeId,
  type OrganisationId,
  type PublicKey,
  type RunId,
  type Sha256,
  type Signature,
  utf8,
} from '@tallystick/kernel';
import { POP, verifyRecord } from '@tallystick/record';
import {
  type AnchoredRun,
  type BlockRef,
  type EligibleNode,
  genesisHash,
  type RunConsents,
  type VoidSpan,
} from '@tallystick/rounds';
import type { ConsentTerms } from './consent-reader.js';
import type { DemandAnswer, OpenDemand } from './demand-ledger.js';
import { type MemoryNode, pendingNode } from './memory-node.js';
import {
  accept,
  answer as answerIn,
  commit,
  type MemoryRun,
  proposed,
  refused,
  replaceKey,
  settle,
  stored,
  voidEpochs,
  voidFrom,
  withdrawn,
} from './memory-run.js';
import type { AnchoredEpoch, ChainRun, Payee, SignedEpoch } from './pay-ledger.js';
import type {
  AnchoredRound,
  CommitOutcome,
  NewRun,
  OwnerCall,
  PreparedCall,
  PreparedCommit,
  Registration,
  RoundLedger,
  SignedCommit,
} from './round-ledger.js';

/**
 * A ledger in memory with the pallet's bookkeeping of nodes, runs and rounds: each write is a block of its own and
 * final at once. For `simulate` and unit tests; the contract suite holds it against the real runtime.
 */
export class InMemoryRoundLedger implements RoundLedger {
  readonly #sha256: Sha256;
  readonly #ed25519: Ed25519;
  readonly #account: AccountId;
  readonly #organisations: AccountId[] = [];
  readonly #nodes: MemoryNode[] = [];
  readonly #runs: MemoryRun[] = [];
  readonly #prepared = new Map<Hash, () => string | undefined>();
  readonly #outcomes = new Map<Hash, CommitOutcome>();
  #block = 0;
  #nonce = 0;

  constructor(deps: { readonly sha256: Sha256; readonly ed25519: Ed25519 }) {
    this.#sha256 = deps.sha256;
    this.#ed25519 = deps.ed25519;
    this.#account = asAccountId(deps.sha256(utf8('in-memory coordinator account')));
  }

  genesis(): Promise<Hash> {
    return Promise.resolve(this.#hashOf(0));
  }

  finalized(): Promise<BlockRef> {
    return Promise.resolve({ number: this.#block, hash: this.#hashOf(this.#block) });
  }

  /** Judged at the newest block: this ledger keeps no history. */
  eligible(): Promise<readonly EligibleNode[]> {
    const active = this.#nodes.filter(({ status }) => status === 'active');
    return Promise.resolve(
      active.map(({ eligible, cap, keyEpoch }) => ({ ...eligible, cap, keyEpoch })),
    );
  }

  consents(run: RunId): Promise<RunConsents> {
    const byNode = new Map(this.#runs[run]?.consents);
    return Promise.resolve({ atBlock: this.#block, atMs: BigInt(this.#block), byNode });
  }

  /** As the owner of the node. */
  grantConsent(run: RunId, node: NodeId, terms: ConsentTerms): void {
    this.#block++;
    this.#runs[run]?.consents.set(node, { ...terms, fromBlock: this.#block });
  }

  /** As the owner of the node. */
  revokeConsent(run: RunId, node: NodeId): void {
    this.#block++;
    const consents = this.#runs[run]?.consents;
    consents?.set(node, withdrawn(consents.get(node), this.#block));
  }

  runCount(): Promise<number> {
    return Promise.resolve(this.#runs.length);
  }

  chainRun(run: RunId): Promise<ChainRun | undefined> {
    const entry = this.#runs[run];
    if (entry === undefined) return Promise.resolve(undefined);
    const accounts = { owner: this.treasuryAccount(), coordinator: this.#account };
    return Promise.resolve({ ...accounts, ...stored(entry) });
  }

  epoch(run: RunId, epoch: number): Promise<AnchoredEpoch | undefined> {
    const entry = this.#runs[run];
    return Promise.resolve(entry?.epochs[epoch] ?? entry?.voidEpochs.get(epoch));
  }

  /** Nobody claims here. */
  paid(): Promise<bigint> {
    return Promise.resolve(0n);
  }

  payees(nodes: readonly NodeId[]): Promise<ReadonlyMap<NodeId, Payee>> {
    const payees = new Map<NodeId, Payee>();
    for (const node of nodes) {
      const organisation = this.#nodes[node]?.eligible.organisation;
      if (organisation === undefined) continue;
      const account = this.#organisations[organisation];
      if (account !== undefined) payees.set(node, { organisation, account });
    }
    return Promise.resolve(payees);
  }

  chainTimeMs(): Promise<bigint> {
    return Promise.resolve(BigInt(this.#block));
  }

  voids(): Promise<ReadonlyMap<RunId, readonly VoidSpan[]>> {
    const runs = this.#runs.map(({ voids }, run) => [asRunId(run), voids] as const);
    return Promise.resolve(new Map(runs.filter(([, voids]) => voids.length > 0)));
  }

  voidsOf(run: RunId): readonly VoidSpan[] {
    return this.#runs[run]?.voids ?? [];
  }

  /** As a challenger who has proved a fault of round `from`. */
  voidFrom(run: RunId, from: number, { halts = false }: { readonly halts?: boolean } = {}): void {
    this.#block++;
    const entry = this.#runs[run];
    const at = { chain: this.#hashOf(0), run, from };
    if (entry !== undefined) voidFrom(at, entry, { sha256: this.#sha256, halts });
  }

  /** As a registrar who upholds an objection. `record`: what had been settled, where it was not the truth. */
  voidEpoch(run: RunId, epoch: number, record?: Hash): void {
    this.#block++;
    const entry = this.#runs[run];
    if (entry === undefined) return;
    voidEpochs(entry, epoch);
    const gone = entry.voidEpochs.get(epoch);
    if (gone !== undefined && record !== undefined)
      entry.voidEpochs.set(epoch, { ...gone, record });
  }

  /** As a challenger. */
  openDemand(demand: OpenDemand): void {
    this.#block++;
    this.#runs[demand.run]?.demands.push(demand);
  }

  openDemands(run?: RunId): Promise<readonly OpenDemand[]> {
    const runs = run === undefined ? this.#runs : this.#runs.slice(run, run + 1);
    return Promise.resolve(runs.flatMap(({ demands }) => demands));
  }

  answerDemand({ run, demand }: OpenDemand, answer: DemandAnswer): Promise<void> {
    const entry = this.#runs[run];
    const isOpen = entry !== undefined && answerIn(entry, demand, answer);
    if (!isOpen) return refused('tally.answer', 'tally.UnknownDemand');
    this.#block++;
    return Promise.resolve();
  }

  /** What was answered in `run` so far. */
  answered(run: RunId): readonly DemandAnswer[] {
    return this.#runs[run]?.answers ?? [];
  }

  treasuryAccount(): AccountId {
    return asAccountId(this.#sha256(utf8('in-memory treasury account')));
  }

  anchored(run: RunId): Promise<AnchoredRun | undefined> {
    return Promise.resolve(this.#runs[run]?.anchored);
  }

  round(run: RunId, round: number): Promise<AnchoredRound | undefined> {
    return Promise.resolve(this.#runs[run]?.rounds.get(round));
  }

  committedIn(run: RunId, round: number): Promise<BlockRef | undefined> {
    const number = this.#runs[run]?.rounds.get(round)?.committedAtMs; // the time of a block is its number
    if (number === undefined) return Promise.resolve(undefined);
    return Promise.resolve({ number: Number(number), hash: this.#hashOf(Number(number)) });
  }

  coordinatorAccount(): AccountId {
    return this.#account;
  }

  registerOrganisation(payout: AccountId): Promise<OrganisationId> {
    this.#organisations.push(payout);
    this.#block++;
    return Promise.resolve(asOrganisationId(this.#organisations.length - 1));
  }

  prepareRegistration(registration: Registration): Promise<PreparedCall> {
    return Promise.resolve({ payload: registration.key, context: '' });
  }

  async completeRegistration(registration: Registration): Promise<NodeId> {
    const { key, owner, organisation, proof } = registration;
    if (this.#organisations[organisation] === undefined) {
      return refused('tally.registerNode', 'tally.UnknownOrganisation');
    }
    if (!(await this.#isPossessed(key, proof, owner))) {
      return refused('tally.registerNode', 'tally.BadProof');
    }
    const earlier = this.#nodes.find(({ eligible }) => eligible.key === key);
    if (earlier?.owner === owner && earlier.eligible.organisation === organisation) {
      return earlier.eligible.node;
    }
    if (earlier !== undefined) return refused('tally.registerNode', 'tally.KeyInUse');
    const node = asNodeId(this.#nodes.length);
    this.#nodes.push(pendingNode(owner, { node, organisation, key }));
    this.#block++;
    return node;
  }

  prepareOwnerCall(owner: AccountId): Promise<PreparedCall> {
    return Promise.resolve({ payload: owner, context: '' });
  }

  async completeOwnerCall(owner: AccountId, call: OwnerCall): Promise<void> {
    const entry = this.#nodes[call.node];
    const name = call.kind === 'revoke' ? 'tally.revokeNode' : 'tally.rotateKey';
    if (entry?.owner !== owner) return refused(name, 'tally.NotNodeOwner');
    if (entry.status === 'revoked') return refused(name, 'tally.NodeRevoked');
    if (call.kind === 'revoke') return this.revokeNode(call.node);
    const { key, proof } = call;
    if (!(await this.#isPossessed(key, proof, owner))) return refused(name, 'tally.BadProof');
    entry.eligible = { ...entry.eligible, key };
    entry.keyEpoch++;
    this.#block++;
  }

  admitNode(node: NodeId, cap: bigint): Promise<void> {
    const entry = this.#nodes[node];
    if (entry === undefined) return refused('tally.admitNode', 'tally.UnknownNode');
    if (entry.status === 'revoked') return refused('tally.admitNode', 'tally.NodeRevoked');
    if (entry.status === 'active' && entry.cap === cap) {
      return refused('tally.admitNode', 'tally.CapUnchanged');
    }
    if (entry.status === 'active') entry.keyEpoch++;
    entry.status = 'active';
    entry.cap = cap;
    this.#block++;
    return Promise.resolve();
  }

  revokeNode(node: NodeId): Promise<void> {
    const entry = this.#nodes[node];
    if (entry === undefined) return refused('tally.revokeNode', 'tally.UnknownNode');
    entry.status = 'revoked';
    this.#block++;
    return Promise.resolve();
  }

  createRun(run: NewRun): Promise<RunId> {
    this.#runs.push(proposed(run));
    this.#block++;
    return Promise.resolve(asRunId(this.#runs.length - 1));
  }

  async acceptRun(run: RunId, key: PublicKey, proof: Signature): Promise<void> {
    const entry = this.#runs[run];
    if (entry === undefined) return refused('tally.acceptRun', 'tally.UnknownRun');
    if (entry.keys.length > 0) return refused('tally.acceptRun', 'tally.RunNotProposed');
    const chain = await this.genesis();
    if (!(await this.#isPossessed(key, proof))) return refused('tally.acceptRun', 'tally.BadProof');
    const { spec, model } = entry.created;
    accept(entry, key, genesisHash(this.#sha256, { chain, run, spec, model }));
    this.#block++;
  }

  async replaceCoordinatorKey(run: RunId, key: PublicKey, proof: Signature): Promise<void> {
    const entry = this.#runs[run];
    const isProved = await this.#isPossessed(key, proof);
    const unproved = entry === undefined ? 'tally.UnknownRun' : 'tally.BadProof';
    const reason = entry !== undefined && isProved ? replaceKey(entry, key) : unproved;
    if (reason !== undefined) return refused('tally.replaceCoordinatorKey', reason);
    this.#block++;
  }

  closeRun(run: RunId): Promise<void> {
    const entry = this.#runs[run];
    if (entry === undefined) return refused('tally.closeRun', 'tally.UnknownRun');
    if (entry.isClosed) return refused('tally.closeRun', 'tally.RunClosed');
    entry.isClosed = true;
    this.#block++;
    return Promise.resolve();
  }

  prepareCommit(rounds: readonly SignedCommit[]): Promise<PreparedCommit> {
    return this.#prepare(() => this.#commit(rounds));
  }

  prepareSettlement(epoch: SignedEpoch): Promise<PreparedCommit> {
    return this.#prepare(() => {
      const run = this.#runs[epoch.record.run];
      return run === undefined
        ? 'tally.UnknownRun'
        : settle(run, epoch, this.#block, this.#crypto());
    });
  }

  submitCommit({ hash }: PreparedCommit): Promise<void> {
    const apply = this.#prepared.get(hash);
    if (apply === undefined || this.#outcomes.has(hash)) return Promise.resolve();
    this.#block++;
    const block = { number: this.#block, hash: this.#hashOf(this.#block) };
    const reason = apply();
    const outcome =
      reason === undefined ? { kind: 'final' as const } : { kind: 'refused' as const, reason };
    this.#outcomes.set(hash, { ...outcome, block });
    return Promise.resolve();
  }

  commitOutcome({ hash }: PreparedCommit): Promise<CommitOutcome> {
    return Promise.resolve(this.#outcomes.get(hash) ?? { kind: 'waiting' });
  }

  resetNonces(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #isPossessed(key: PublicKey, proof: Signature, owner = this.#account): Promise<boolean> {
    const pop = { chain: await this.genesis(), owner, key };
    return verifyRecord(this.#ed25519, POP, pop, key, proof);
  }

  #prepare(apply: () => string | undefined): Promise<PreparedCommit> {
    const nonce = this.#nonce++;
    const hash = this.#sha256(utf8(`commit ${nonce}`));
    this.#prepared.set(hash, apply);
    return Promise.resolve({ nonce, lastBlock: this.#block + 64, bytes: hash, hash });
  }

  /** All of them or none, like `batch_all`; the reason of the first that the pallet would refuse. */
  #commit(rounds: readonly SignedCommit[]): string | undefined {
    const before = new Map(this.#runs.map((run) => [run, run.anchored]));
    for (const round of rounds) {
      const reason = this.#commitOne(round);
      if (reason === undefined) continue;
      for (const [run, anchored] of before) run.anchored = anchored;
      return reason;
    }
    return undefined;
  }

  #commitOne(round: SignedCommit): string | undefined {
    const run = this.#runs[round.header.run];
    if (run === undefined) return 'tally.UnknownRun';
    const at = { chain: this.#hashOf(0), block: this.#block };
    return commit(run, round, at, this.#crypto());
  }

  #crypto(): { readonly sha256: Sha256; readonly ed25519: Ed25519 } {
    return { sha256: this.#sha256, ed25519: this.#ed25519 };
  }

  #hashOf(block: number): Hash {
    return this.#sha256(utf8(`in-memory block ${block}`));
  }
}
