import type { ApiPromise, WsProvider } from '@polkadot/api';
import type { SignerPayloadJSON } from '@polkadot/types/types';
import {
  type AccountId,
  asAccountId,
  asNodeId,
  asOrganisationId,
  asRunId,
  type Clock,
  type Hash,
  type NodeId,
  type OrganisationId,
  type PublicKey,
  type RunId,
  type Signature,
  type Signer,
  TallyError,
  toHex,
} from '@tallystick/kernel';
import { EPOCH, HEADER } from '@tallystick/record';
import type {
  AnchoredRun,
  BlockRef,
  EligibleNode,
  RunConsents,
  VoidSpan,
} from '@tallystick/rounds';
import { answerBytes } from './call-bytes.js';
import { CommitBlocks } from './commit-blocks.js';
import { connect, type Connection } from './connection.js';
import { ConsentReader } from './consent-reader.js';
import type { DemandAnswer, OpenDemand } from './demand-ledger.js';
import {
  callOf,
  type Extrinsic,
  payloadOf,
  preparedOf,
  signable,
  withSignature,
} from './extrinsics.js';
import { Finality, type Included } from './finality.js';
import { numberAt } from './json.js';
import { LedgerReader } from './ledger-reader.js';
import type { AnchoredEpoch, ChainRun, Payee, SignedEpoch } from './pay-ledger.js';
import { PayReader } from './pay-reader.js';
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
import { runTermsOf } from './run-terms.js';
import { UNIT } from '../unit.js';
import { Sender, submitBytes } from './sender.js';
import { Snapshots } from './snapshots.js';

/** What an owner account is given so that it can register and rotate keys. */
const OWNER_GRANT = UNIT;
/** How far back a restarted publisher looks for what it had sent: one era and some. */
const LOOK_BACK_BLOCKS = 256;

/** The accounts a coordinator acts with; each is an Ed25519 key of its own. */
export interface LedgerAccounts {
  /** Registers organisations and admits nodes. */
  readonly registrar: Signer;
  /** Pays: funds owners, proposes runs for researchers and holds their pots. */
  readonly treasury: Signer;
  /** Accepts runs and commits rounds. */
  readonly coordinator: Signer;
}

/** What reads the chain. */
interface ChainReaders {
  readonly reader: LedgerReader;
  readonly consents: ConsentReader;
  readonly pay: PayReader;
  readonly finality: Finality;
}

/** RoundLedger on a Substrate chain with our runtime, embedded or not. */
export class SubstrateRoundLedger implements RoundLedger {
  readonly #api: ApiPromise;
  readonly #provider: WsProvider;
  readonly #reader: LedgerReader;
  readonly #commits: CommitBlocks;
  readonly #consents: ConsentReader;
  readonly #pay: PayReader;
  readonly #finality: Finality;
  readonly #registrar: Sender;
  readonly #treasury: Sender;
  readonly #coordinator: Sender;

  private constructor(
    connection: Connection,
    { reader, consents, pay, finality }: ChainReaders,
    accounts: LedgerAccounts,
    clock: Clock,
  ) {
    const { api, provider } = connection;
    const deps = { ...connection, finality, clock };
    this.#api = api;
    this.#provider = provider;
    this.#reader = reader;
    this.#commits = new CommitBlocks(connection);
    this.#consents = consents;
    this.#pay = pay;
    this.#finality = finality;
    this.#registrar = new Sender(accounts.registrar, deps);
    this.#treasury = new Sender(accounts.treasury, deps);
    this.#coordinator = new Sender(accounts.coordinator, deps);
  }

  /** Rejects with LEDGER_UNREACHABLE, or LEDGER_WRONG_CHAIN when it is another chain than `genesis`. */
  static async connect(options: {
    readonly url: string;
    readonly genesis?: Hash;
    readonly accounts: LedgerAccounts;
    readonly clock: Clock;
  }): Promise<SubstrateRoundLedger> {
    const connection = await connect(options.url, options.genesis);
    const snapshots = new Snapshots(connection.api);
    const reader = new LedgerReader(connection, snapshots);
    const from = Math.max(1, (await reader.finalized()).number - LOOK_BACK_BLOCKS);
    const finality = new Finality(connection, snapshots, from);
    const consents = new ConsentReader(connection, snapshots);
    return new SubstrateRoundLedger(
      connection,
      { reader, consents, pay: new PayReader(snapshots), finality },
      options.accounts,
      options.clock,
    );
  }

  genesis(): Promise<Hash> {
    return Promise.resolve(this.#reader.genesis());
  }

  finalized(): Promise<BlockRef> {
    return this.#reader.finalized();
  }

  eligible(atBlock: BlockRef): Promise<readonly EligibleNode[]> {
    return this.#reader.eligible(atBlock);
  }

  anchored(run: RunId): Promise<AnchoredRun | undefined> {
    return this.#reader.anchored(run);
  }

  round(run: RunId, round: number): Promise<AnchoredRound | undefined> {
    return this.#reader.round(run, round);
  }

  voids(): Promise<ReadonlyMap<RunId, readonly VoidSpan[]>> {
    return this.#reader.allVoids();
  }

  async committedIn(run: RunId, round: number): Promise<BlockRef | undefined> {
    const head = await this.#reader.finalized();
    const anchored = await this.#reader.round(run, round);
    if (anchored === undefined) return undefined;
    return this.#commits.find({ chain: this.#reader.genesis(), run, round }, anchored, head);
  }

  consents(run: RunId, atBlock: BlockRef): Promise<RunConsents> {
    return this.#consents.ofRun(run, atBlock);
  }

  async runCount(): Promise<number> {
    return this.#pay.runCount(await this.#head());
  }

  async chainRun(run: RunId): Promise<ChainRun | undefined> {
    return this.#pay.chainRun(run, await this.#head());
  }

  async epoch(run: RunId, epoch: number): Promise<AnchoredEpoch | undefined> {
    return this.#pay.epoch(run, epoch, await this.#head());
  }

  async paid(run: RunId, account: AccountId): Promise<bigint> {
    return this.#pay.paid(run, account, await this.#head());
  }

  async payees(nodes: readonly NodeId[]): Promise<ReadonlyMap<NodeId, Payee>> {
    return this.#pay.payees(nodes, await this.#head());
  }

  async chainTimeMs(): Promise<bigint> {
    return this.#pay.chainTimeMs(await this.#head());
  }

  async openDemands(run?: RunId): Promise<readonly OpenDemand[]> {
    const at = await this.#head();
    return run === undefined ? this.#pay.allDemands(at) : this.#pay.openDemands(run, at);
  }

  async answerDemand({ run, round, demand }: OpenDemand, answer: DemandAnswer): Promise<void> {
    // anybody may answer; the treasury's lane is not the one that commits wait in
    await this.#treasury.send(this.#tally('answer', run, round, demand, answerBytes(answer)));
  }

  treasuryAccount(): AccountId {
    return asAccountId(this.#treasury.signer.key);
  }

  coordinatorAccount(): AccountId {
    return asAccountId(this.#coordinator.signer.key);
  }

  async registerOrganisation(payout: AccountId): Promise<OrganisationId> {
    const sent = await this.#registrar.send(this.#tally('registerOrganisation', `0x${payout}`));
    return asOrganisationId(idIn(sent, 'tally.OrganisationRegistered', 'organisation'));
  }

  async prepareRegistration(registration: Registration): Promise<PreparedCall> {
    const { owner } = registration;
    if ((await this.#pay.free(owner, await this.#head())) < OWNER_GRANT / 2n) {
      const give = callOf(this.#api, 'balances', 'transferKeepAlive', [`0x${owner}`, OWNER_GRANT]);
      await this.#treasury.send(give);
    }
    return this.#prepare(owner, this.#register(registration));
  }

  async completeRegistration(
    registration: Registration,
    signed: { readonly context: string; readonly signature: Signature },
  ): Promise<NodeId> {
    const earlier = await this.#reader.nodeOf(registration.key);
    const { owner, organisation } = registration;
    if (earlier?.owner === owner && earlier.organisation === organisation) return earlier.node;
    const call = this.#register(registration);
    const included = await this.#complete(owner, { call, name: 'tally.registerNode' }, signed);
    return asNodeId(idIn(included, 'tally.NodeRegistered', 'node'));
  }

  prepareOwnerCall(owner: AccountId, call: OwnerCall): Promise<PreparedCall> {
    return this.#prepare(owner, this.#ownerCall(call).call);
  }

  async completeOwnerCall(
    owner: AccountId,
    call: OwnerCall,
    signed: { readonly context: string; readonly signature: Signature },
  ): Promise<void> {
    await this.#complete(owner, this.#ownerCall(call), signed);
  }

  async admitNode(node: NodeId, cap: bigint): Promise<void> {
    await this.#registrar.send(this.#tally('admitNode', node, cap));
  }

  async revokeNode(node: NodeId): Promise<void> {
    await this.#registrar.send(this.#tally('revokeNode', node));
  }

  async createRun(run: NewRun): Promise<RunId> {
    const args = [`0x${this.coordinatorAccount()}`, runTermsOf(run), run.pot];
    const sent = await this.#treasury.send(this.#tally('createRun', ...args));
    return asRunId(idIn(sent, 'tally.RunCreated', 'run'));
  }

  async acceptRun(run: RunId, key: PublicKey, proof: Signature): Promise<void> {
    await this.#coordinator.send(this.#tally('acceptRun', run, `0x${key}`, `0x${proof}`));
  }

  async replaceCoordinatorKey(run: RunId, key: PublicKey, proof: Signature): Promise<void> {
    await this.#coordinator.send(
      this.#tally('replaceCoordinatorKey', run, `0x${key}`, `0x${proof}`),
    );
  }

  async closeRun(run: RunId): Promise<void> {
    await this.#treasury.send(this.#tally('closeRun', run));
  }

  prepareCommit(rounds: readonly SignedCommit[]): Promise<PreparedCommit> {
    const calls = rounds.map(({ header, signature }) =>
      this.#tally('commitRound', HEADER.encode(header), `0x${signature}`),
    );
    const [only] = calls;
    if (only === undefined) throw new RangeError('a commit needs at least one round');
    const call = calls.length === 1 ? only : callOf(this.#api, 'utility', 'batchAll', [calls]);
    return this.#coordinator.prepare(call);
  }

  prepareSettlement({ record, signature }: SignedEpoch): Promise<PreparedCommit> {
    const call = this.#tally('settleEpoch', EPOCH.encode(record), `0x${signature}`);
    return this.#coordinator.prepare(call);
  }

  async submitCommit(commit: PreparedCommit): Promise<void> {
    await submitBytes(this.#provider, commit.bytes); // an invalid one is settled by commitOutcome
  }

  async commitOutcome(commit: PreparedCommit): Promise<CommitOutcome> {
    const head = await this.#finality.catchUp();
    const included = await this.#finality.find(commit.hash);
    if (included?.failure !== undefined) {
      return { kind: 'refused', block: included.block, reason: included.failure };
    }
    if (included !== undefined) return { kind: 'final', block: included.block };
    return head.number > commit.lastBlock ? { kind: 'expired' } : { kind: 'waiting' };
  }

  resetNonces(): Promise<void> {
    this.#coordinator.resetNonces();
    return Promise.resolve();
  }

  async close(): Promise<void> {
    await this.#api.disconnect();
  }

  async #head(): Promise<Hash> {
    return (await this.#reader.finalized()).hash;
  }

  #tally(call: string, ...args: readonly unknown[]): Extrinsic {
    return callOf(this.#api, 'tally', call, args);
  }

  async #prepare(owner: AccountId, call: Extrinsic): Promise<PreparedCall> {
    const nonce = await this.#api.rpc.system.accountNextIndex(`0x${owner}`);
    const { json, bytes } = await payloadOf(this.#api, call, owner, nonce.toNumber());
    return { payload: toHex(signable(bytes)), context: JSON.stringify(json) };
  }

  async #complete(
    owner: AccountId,
    { call, name }: { readonly call: Extrinsic; readonly name: string },
    { context, signature }: { readonly context: string; readonly signature: Signature },
  ): Promise<Included> {
    const json = JSON.parse(context) as SignerPayloadJSON; // made by #prepare; the chain checks it
    const extrinsic = withSignature(call, owner, signature, json);
    const prepared = preparedOf(this.#api, extrinsic, Number(json.nonce), Number(json.blockNumber));
    const { invalid } = await submitBytes(this.#provider, prepared.bytes);
    if (invalid !== undefined) {
      throw new TallyError('LEDGER_REFUSED', { call: name, reason: invalid });
    }
    return this.#registrar.settled(prepared, name);
  }

  #ownerCall(call: OwnerCall): { readonly call: Extrinsic; readonly name: string } {
    if (call.kind === 'revoke') {
      return { call: this.#tally('revokeNode', call.node), name: 'tally.revokeNode' };
    }
    const { node, key, proof } = call;
    const rotate = this.#tally('rotateKey', node, `0x${key}`, `0x${proof}`);
    return { call: rotate, name: 'tally.rotateKey' };
  }

  #register({ organisation, key, proof }: Registration): Extrinsic {
    return this.#tally('registerNode', organisation, `0x${key}`, `0x${proof}`);
  }
}

/** The number in an event of a successful extrinsic. */
function idIn(included: Included, event: string, field: string): number {
  const found = included.events.find(({ name }) => name === event);
  if (found === undefined) {
    throw new TallyError('LEDGER_RUNTIME_FAILED', { call: event, reason: 'the event is missing' });
  }
  return numberAt(found.data, field);
}
