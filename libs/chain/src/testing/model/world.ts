import {
  type AccountId,
  asAccountId,
  asNodeId,
  asRunId,
  fromHex,
  type Hash,
  type PublicKey,
  utf8,
  ZERO_HASH,
} from '@tallystick/kernel';
import { type NodeSigner, sha256, signerFromSeed } from '@tallystick/kernel/node';
import { SeededRandom } from '@tallystick/kernel/testing';
import {
  CONTRIB,
  type Contrib,
  ENTITLE,
  type Entitle,
  EPOCH,
  type Epoch,
  EXCLUDE,
  type Exclude,
  HEADER,
  type Header,
  MEMBER,
  type Member,
  plainLeaf,
  plainProof,
  plainRoot,
  POP,
  RECEIPT,
  type Receipt,
  receiptHash,
  recordHash,
  type Signed,
  signRecord,
  sumLeaf,
  type SumNode,
  sumProof,
  sumTree,
  TASK,
  type Task,
} from '@tallystick/record';
import type { LeafEvidence, LeafProof } from './call.js';
import { type Env, keyInForce } from './rules.js';
import type { Run, State } from './state.js';

/** A round with everything that its header stands for. */
export interface Played {
  readonly task: Task;
  readonly leaves: readonly Contrib[];
  readonly receipts: readonly Signed<Receipt>[];
  readonly members: readonly Member[];
  readonly exclusions: readonly Exclude[];
}

/** What is false in a round that looks right to `commit_round`. */
export type Lie =
  | 'order'
  | 'weight'
  | 'task'
  | 'unit'
  | 'member'
  | 'receipt'
  | 'signature'
  | 'key epoch'
  | 'node'
  | 'policy';
export const LIES: readonly [Lie, ...Lie[]] = [
  'order',
  'weight',
  'task',
  'unit',
  'member',
  'receipt',
  'signature',
  'key epoch',
  'node',
  'policy',
];

const ACCOUNTS = 11;
const QUORUM = 9;

/** What the people of a random walk know and hold: accounts, hot keys, and the evidence behind what they committed. */
export class World {
  readonly random: SeededRandom;
  readonly accounts: readonly NodeSigner[];
  readonly played: Map<Hash, Played> = new Map();
  readonly entitled: Map<Hash, readonly Entitle[]> = new Map();
  readonly #hot = new Map<PublicKey, NodeSigner>();
  state: State;
  env: Env;
  /** Calls drawn so far. */
  drawn = 0;
  #made = 0;

  constructor(seed: number, state: State, env: Env) {
    this.random = new SeededRandom(seed);
    this.accounts = Array.from({ length: ACCOUNTS }, (_, i) => signerOf(`account ${i}`));
    this.state = state;
    this.env = env;
  }

  account(index: number): AccountId {
    return asAccountId(this.accounts[index]?.key ?? ZERO_HASH);
  }

  /** A hash that nothing else has. */
  hash(): Hash {
    return sha256(utf8(`made ${this.#made++}`));
  }

  /** A new hot key. */
  newKey(): NodeSigner {
    const signer = signerOf(`hot ${this.#made++}`);
    this.#hot.set(signer.key, signer);
    return signer;
  }

  /** The holder of a key; of one that nobody here made, somebody else. */
  holder(key: PublicKey | undefined): NodeSigner {
    return (key === undefined ? undefined : this.#hot.get(key)) ?? signerOf('nobody');
  }

  pop(owner: AccountId, signer: NodeSigner): Pick<Signed<unknown>, 'signature'> {
    return signRecord(POP, { chain: this.env.chain, owner, key: signer.key }, signer);
  }

  /** Signs as the coordinator of `round`. */
  coordinator(run: Run, round: number): NodeSigner {
    return this.holder(keyInForce(run, round));
  }

  /** A task, contributions and a header for the run's next round. */
  round(
    id: number,
    run: Run,
    lie: Lie | undefined,
  ): { readonly header: Header; readonly played: Played } {
    const atBlock = Math.max(run.lastAtBlock, this.env.block - this.random.between(0, 1));
    const members = this.#members(run, lie);
    const included = this.random.chance(0.2) ? 0 : Math.min(members.length, 3);
    const cohortRoot = plainRoot(sha256, leavesOf(members));
    const task: Task = {
      chain: this.env.chain,
      run: asRunId(id),
      round: run.nextRound,
      prev: lie === 'task' ? this.hash() : run.head,
      spec: run.spec,
      model: run.newest,
      state: run.state,
      atBlock,
      atHash: ZERO_HASH,
      cohortRoot,
      cohort: members.length,
      unit: lie === 'unit' ? 3n : 4n,
      deadlineMs: this.env.nowMs,
    };
    const parts = members
      .slice(0, included)
      .map((member) => this.#part(id, run, task, { member, lie }));
    if (lie === 'order') parts.reverse();
    const exclusions = members.slice(included).map(({ node }) => ({
      node,
      receipt: this.hash(),
      reason: QUORUM,
    }));
    const played = {
      task,
      leaves: parts.map(({ leaf }) => leaf),
      receipts: parts.map(({ receipt }) => receipt),
      members,
      exclusions,
    };
    return { header: this.#header(run, played), played };
  }

  #members(run: Run, lie: Lie | undefined): readonly Member[] {
    const active = [...this.state.nodes].filter(([, { status }]) => status === 'active');
    return active.slice(0, 4).map(([id, { keyEpoch }]) => {
      const cap = this.state.nodeKeys.get(`${id}/${keyEpoch}`)?.cap ?? 1n;
      const capped = cap < run.weighting.cap ? cap : run.weighting.cap;
      return { node: asNodeId(id), keyEpoch, cap: capped + (lie === 'member' ? 1n : 0n) };
    });
  }

  #part(
    id: number,
    run: Run,
    task: Task,
    { member, lie }: { readonly member: Member; readonly lie: Lie | undefined },
  ): { readonly leaf: Contrib; readonly receipt: Signed<Receipt> } {
    const node = lie === 'node' ? asNodeId(77) : member.node;
    const keyEpoch = member.keyEpoch + (lie === 'key epoch' ? 1 : 0);
    const numExamples = BigInt(this.random.between(1, 60));
    const policy = this.state.consents.get(`${id}/${member.node}`)?.policy ?? ZERO_HASH;
    const value: Receipt = {
      chain: task.chain,
      run: task.run,
      round: task.round,
      prev: task.prev,
      task: lie === 'receipt' ? this.hash() : recordHash(sha256, TASK, task),
      node,
      keyEpoch,
      update: this.hash(),
      updateBytes: 1n,
      numExamples,
      lossBefore: 0n,
      lossAfter: 0n,
      policy: lie === 'policy' ? this.hash() : policy,
      salt: '00'.repeat(16),
    };
    const key = this.state.nodeKeys.get(`${member.node}/${member.keyEpoch}`)?.key;
    const signer = lie === 'signature' ? signerOf('nobody') : this.holder(key);
    const { signature } = signRecord(RECEIPT, value, signer);
    const counted = (numExamples < member.cap ? numExamples : member.cap) / 4n;
    const rightful = run.weighting.kind === 'equal' || counted === 0n ? 1n : counted;
    const weight = rightful + (lie === 'weight' ? 1n : 0n);
    const receipt = receiptHash(sha256, value, signature);
    const leaf = { node, keyEpoch, receipt, update: value.update, numExamples, weight };
    return { leaf, receipt: { value, signature } };
  }

  #header(run: Run, played: Played): Header {
    const { task, leaves, exclusions } = played;
    const tree = sumTree(sha256, sums(leaves));
    const isEmpty = leaves.length === 0;
    return {
      chain: task.chain,
      mode: this.random.chance(0.2) ? 2 : 0,
      run: task.run,
      round: task.round,
      prev: run.head,
      task: recordHash(sha256, TASK, task),
      atBlock: task.atBlock,
      modelBefore: run.newest,
      modelAfter: isEmpty ? run.newest : this.hash(),
      stateAfter: isEmpty ? run.state : this.hash(),
      contribRoot: tree.root,
      included: leaves.length,
      sumWeight: tree.total,
      excludedRoot: plainRoot(sha256, exclusionLeaves(exclusions)),
      excluded: exclusions.length,
      cohort: leaves.length + exclusions.length,
      metrics: ZERO_HASH,
      deadlineMs: task.deadlineMs,
      closedAtMs: this.env.nowMs,
    };
  }

  /** Keeps what a header stands for. */
  note(header: Header, played: Played): void {
    this.played.set(recordHash(sha256, HEADER, header), played);
  }

  /** The record of the run's next epoch with entitlements behind it, now and then a false one. */
  epoch(id: number, run: Run): Epoch {
    const { random, state } = this;
    const rounds = [...state.rounds.keys()]
      .map((key) => key.split('/').map(Number))
      .filter(([at, round = 0]) => at === id && round >= run.settledRounds)
      .map(([, round = 0]) => round);
    const lastRound = rounds[random.between(0, Math.min(2, rounds.length - 1))] ?? 0;
    const last = state.rounds.get(`${id}/${lastRound}`);
    const before = state.epochs.get(`${id}/${run.epoch - 1}`);
    const counted = (last?.countedRounds ?? 0) - (before?.countedRounds ?? 0);
    const { epochBudget, epochRounds } = run.payout;
    const part = (epochBudget * BigInt(Math.max(0, counted))) / BigInt(epochRounds);
    const left = run.funded - run.allotted;
    const total = run.allotted + (part < left ? part : left);
    const entitled = this.#entitled(run, total);
    const { root } = sumTree(sha256, entitleSums(entitled));
    const right: Epoch = {
      chain: this.env.chain,
      run: asRunId(id),
      epoch: run.epoch,
      prev: run.epochHead,
      firstRound: run.settledRounds,
      lastRound,
      lastHeader: last?.header ?? ZERO_HASH,
      entitleRoot: root,
      accounts: entitled.length,
      total,
    };
    const record = random.chance(0.25) ? this.#falseEpoch(right) : right;
    this.entitled.set(recordHash(sha256, EPOCH, record), entitled);
    return record;
  }

  #falseEpoch(right: Epoch): Epoch {
    return this.random.pick<Epoch>([
      { ...right, chain: this.hash() },
      { ...right, epoch: right.epoch + 1 },
      { ...right, prev: this.hash() },
      { ...right, lastHeader: this.hash() },
      { ...right, total: right.total + 1n },
      { ...right, entitleRoot: ZERO_HASH },
      { ...right, total: right.total === 0n ? 1n : 0n },
    ]);
  }

  /** Shares of the total since the run began: mostly ascending accounts, and mostly no less than before. */
  #entitled(run: Run, total: bigint): readonly Entitle[] {
    if (total === 0n) return [];
    const before = new Map(
      this.entitled.get(run.epochHead)?.map(({ account, cumulative }) => [account, cumulative]),
    );
    const payees = [6, 7, 8].map((n) => this.account(n)).sort();
    const earlier = payees.map((account) => before.get(account) ?? 0n);
    const rest = total - earlier.reduce((sum, one) => sum + one, 0n);
    const first = (rest * BigInt(this.random.between(0, 3))) / 3n;
    const more = [first, rest - first, 0n];
    const entitled = payees.map((account, i) => ({
      account,
      cumulative: (earlier[i] ?? 0n) + (more[i] ?? 0n),
    }));
    const paid = entitled.filter(({ cumulative }) => cumulative > 0n);
    if (this.random.chance(0.1)) return paid.reverse();
    return this.random.chance(0.1) ? [{ account: this.account(9), cumulative: total }] : paid;
  }

  /** The evidence behind a committed round. */
  of(run: number, round: number): Played | undefined {
    const header = this.state.rounds.get(`${run}/${round}`)?.header;
    return header === undefined ? undefined : this.played.get(header);
  }

  /** All that a contribution rests on. */
  evidence({ task, leaves, receipts, members }: Played, index: number): LeafEvidence | undefined {
    const [leaf, receipt] = [leaves[index], receipts[index]];
    const memberIndex = members.findIndex(({ node }) => node === leaf?.node);
    const member = members[memberIndex] ?? members[0];
    if (leaf === undefined || receipt === undefined || member === undefined) return undefined;
    const at = Math.max(0, memberIndex);
    const memberProof = plainProof(sha256, leavesOf(members), at);
    const proof = sumProof(sha256, sums(leaves), index);
    return { task, leaf, proof, receipt, member, memberIndex: at, memberProof };
  }

  /** A contribution with its path. */
  shown({ leaves }: Played, index: number): LeafProof | undefined {
    const leaf = leaves[index];
    return leaf && { leaf, proof: sumProof(sha256, sums(leaves), index) };
  }

  exclusionProof({ exclusions }: Played, index: number): readonly Hash[] {
    return plainProof(sha256, exclusionLeaves(exclusions), index);
  }
}

function signerOf(name: string): NodeSigner {
  return signerFromSeed(fromHex(sha256(utf8(`model ${name}`))));
}

function sums(leaves: readonly Contrib[]): readonly SumNode[] {
  return leaves.map((leaf) => ({ hash: sumLeaf(sha256, CONTRIB, leaf), sum: leaf.weight }));
}

/** The leaves of a tree of entitlements. */
export function entitleSums(entitled: readonly Entitle[]): readonly SumNode[] {
  return entitled.map((leaf) => ({ hash: sumLeaf(sha256, ENTITLE, leaf), sum: leaf.cumulative }));
}

function leavesOf(members: readonly Member[]): readonly Hash[] {
  return members.map((member) => plainLeaf(sha256, MEMBER, member));
}

function exclusionLeaves(exclusions: readonly Exclude[]): readonly Hash[] {
  return exclusions.map((exclusion) => plainLeaf(sha256, EXCLUDE, exclusion));
}
