import {
  asNodeId,
  asRunId,
  fromHex,
  type Hash,
  type NodeId,
  type RunId,
  toHex,
  ZERO_HASH,
} from '@tallystick/kernel';
import { type NodeSigner, sha256, signerFromSeed } from '@tallystick/kernel/node';
import {
  CONTRIB,
  type Contrib,
  decodeSigned,
  GENESIS,
  type Header,
  HEADER,
  MEMBER,
  type Member,
  plainLeaf,
  plainRoot,
  PROMISE,
  RECEIPT,
  receiptHash,
  recordHash,
  signRecord,
  sumLeaf,
  sumProof,
  type SumNode,
  sumTree,
  type Task,
  TASK,
} from '@tallystick/record';
import { discounted, type Offer, type RoundResult, type VoidSpan } from '@tallystick/rounds';

/** A hash that tests can tell apart. */
export function testHash(name: string): Hash {
  return sha256(new TextEncoder().encode(name));
}

export const TEST_CHAIN: Hash = testHash('chain');

/** The key of node `n` in tests. */
export function nodeSigner(n: number): NodeSigner {
  return signerFromSeed(new Uint8Array(32).fill(100 + n));
}

export interface TestRun {
  readonly spec: Hash;
  readonly model: Hash;
  /** Members of every cohort; default nodes 0–3. */
  readonly nodes?: readonly number[];
  readonly run?: number;
  readonly seed?: number;
  /** Of every member; default key epoch 0 and a cap of a million. */
  readonly member?: { readonly keyEpoch?: number; readonly cap?: bigint };
}

/** Signs tasks, promises and headers of one run the way a coordinator does, so that a test can also bend them. */
export class TestCoordinator {
  readonly signer: NodeSigner;
  readonly run: RunId;
  readonly cohort: readonly Member[];
  readonly spec: Hash;
  readonly genesisModel: Hash;
  /** Signed headers so far, wire form. */
  readonly headers: string[] = [];
  #head: { round: number; hash: Hash; model: Hash; state: Hash };

  constructor(options: TestRun) {
    this.signer = signerFromSeed(new Uint8Array(32).fill(options.seed ?? 7));
    this.run = asRunId(options.run ?? 0);
    this.spec = options.spec;
    this.genesisModel = options.model;
    this.cohort = (options.nodes ?? [0, 1, 2, 3]).map((node) => ({
      node: asNodeId(node),
      keyEpoch: 0,
      cap: 1_000_000n,
      ...options.member,
    }));
    const genesis = { chain: TEST_CHAIN, run: this.run, spec: options.spec, model: options.model };
    const hash = recordHash(sha256, GENESIS, genesis);
    this.#head = { round: -1, hash, model: options.model, state: ZERO_HASH };
  }

  /** The task of the next round, `changes` applied before it is signed. */
  offer(changes: Partial<Task> = {}, headers: readonly string[] = this.headers.slice(-16)): Offer {
    const task: Task = {
      chain: TEST_CHAIN,
      run: this.run,
      round: this.#head.round + 1,
      prev: this.#head.hash,
      spec: this.spec,
      model: this.#head.model,
      state: this.#head.state,
      atBlock: 10 + this.#head.round,
      atHash: testHash('block'),
      cohortRoot: plainRoot(
        sha256,
        this.cohort.map((member) => plainLeaf(sha256, MEMBER, member)),
      ),
      cohort: this.cohort.length,
      unit: 1n,
      deadlineMs: 1_700_000_060_000n,
      ...changes,
    };
    return {
      task: { task, wire: signRecord(TASK, task, this.signer).wire },
      taskHash: recordHash(sha256, TASK, task),
      cohort: this.cohort,
      headers,
    };
  }

  /** The promise for a receipt in wire form: to count in `inRound`, by default in its own. */
  promise(receiptWire: string, inRound?: number): string {
    const { value, signature } = decodeSigned(RECEIPT, receiptWire);
    const receipt = receiptHash(sha256, value, signature);
    const { chain, run, node } = value;
    const round = inRound ?? value.round;
    const record = { chain, run, round, node, receipt, dueMs: 1_700_000_120_000n };
    return signRecord(PROMISE, record, this.signer).wire;
  }

  /** Closes the round of `offer` over these receipts (ascending by node); the result is the one for `node`. */
  close(
    offer: Offer,
    receipts: readonly string[],
    options: { readonly node?: NodeId; readonly changes?: Partial<Header> } = {},
  ): RoundResult {
    const { round } = offer.task.task;
    const leaves = receipts.map((receipt) => leafIn(round, receipt));
    const result = this.closeOver(offer, leaves, options);
    const { inclusion } = result;
    if (inclusion === undefined) return result;
    const own = decodeSigned(RECEIPT, receipts[inclusion.index] ?? '').value;
    return own.round === round ? result : { ...result, task: offer.task };
  }

  /** Closes the round of `offer` over any leaves; the result is the one for `node`. */
  closeOver(
    offer: Offer,
    leaves: readonly Contrib[],
    options: { readonly node?: NodeId; readonly changes?: Partial<Header> } = {},
  ): RoundResult {
    const nodes = leaves.map((leaf) => ({
      hash: sumLeaf(sha256, CONTRIB, leaf),
      sum: leaf.weight,
    }));
    const header = { ...headerOf(offer, nodes), ...options.changes };
    const { wire } = signRecord(HEADER, header, this.signer);
    const index = leaves.findIndex(({ node }) => node === options.node);
    const weight = leaves[index]?.weight;
    if (weight === undefined) return { header: { header, wire } };
    const proof = sumProof(sha256, nodes, index);
    return { header: { header, wire }, inclusion: { index, weight, proof } };
  }

  /** Goes back to the round before `from`; the next offer's number is 1,024 behind the one it would have had. */
  voidFrom(from: number): VoidSpan {
    const until = this.#head.round + 1 + 1_024;
    const left = this.headers.filter((wire) => decodeSigned(HEADER, wire).value.round < from);
    this.headers.splice(0, this.headers.length, ...left);
    const newest = left.at(-1);
    const { run, spec, genesisModel: model } = this;
    const hash = recordHash(sha256, GENESIS, { chain: TEST_CHAIN, run, spec, model });
    this.#head = { round: until - 1, hash, model, state: ZERO_HASH };
    if (newest !== undefined) {
      const { value } = decodeSigned(HEADER, newest);
      const { modelAfter, stateAfter: state } = value;
      const head = { hash: recordHash(sha256, HEADER, value), model: modelAfter, state };
      this.#head = { round: until - 1, ...head };
    }
    return { from, until };
  }

  /** The next offer continues this result. */
  advance(result: RoundResult): void {
    const { header, wire } = result.header;
    this.headers.push(wire);
    this.#head = {
      round: header.round,
      hash: recordHash(sha256, HEADER, header),
      model: header.modelAfter,
      state: header.stateAfter,
    };
  }
}

/** The leaf of a receipt in wire form in its own round, weighted by its examples. */
export function leafOf(wire: string): Contrib {
  return leafIn(decodeSigned(RECEIPT, wire).value.round, wire);
}

/** The leaf of a receipt in wire form in round `round`, weighted by its examples and its age. */
export function leafIn(round: number, wire: string): Contrib {
  const { value, signature } = decodeSigned(RECEIPT, wire);
  const { node, keyEpoch, update, numExamples } = value;
  const receipt = receiptHash(sha256, value, signature);
  const weight = discounted(numExamples, round - value.round);
  return { node, keyEpoch, receipt, update, numExamples, weight };
}

function headerOf(offer: Offer, nodes: readonly SumNode[]): Header {
  const { task } = offer.task;
  const tree = sumTree(sha256, nodes);
  return {
    chain: task.chain,
    mode: 0,
    run: task.run,
    round: task.round,
    prev: task.prev,
    task: offer.taskHash,
    atBlock: task.atBlock,
    modelBefore: task.model,
    modelAfter: testHash(`model after ${task.round}`),
    stateAfter: ZERO_HASH,
    contribRoot: tree.root,
    included: nodes.length,
    sumWeight: tree.total,
    excludedRoot: ZERO_HASH,
    excluded: task.cohort - nodes.length,
    cohort: task.cohort,
    metrics: testHash('metrics'),
    deadlineMs: task.deadlineMs,
    closedAtMs: task.deadlineMs - 1n,
  };
}

/** `wire` with one bit of its last byte (the signature) turned. */
export function flipSignature(wire: string): string {
  const bytes = fromHex(wire);
  const last = bytes.length - 1;
  bytes.set([(bytes[last] ?? 0) ^ 1], last);
  return toHex(bytes);
}
