import {
  type AccountId,
  asAccountId,
  type Clock,
  fromHex,
  type Hash,
  type NodeId,
  type RunId,
  type Signer,
} from '@tallystick/kernel';
import type { BlockRef, Consent, VoidSpan } from '@tallystick/rounds';
import { ENTITLE } from '@tallystick/record';
import {
  claimsBytes,
  payFaultBytes,
  subjectBytes,
  sumProofBytes,
  unansweredBytes,
} from './call-bytes.js';
import { connect, type Connection } from './connection.js';
import { ConsentReader, type ConsentTerms } from './consent-reader.js';
import type { DemandSubject, FiledCall, OpenDemand } from './demand-ledger.js';
import type { AnchoredRound } from './round-ledger.js';
import { callOf, type Extrinsic } from './extrinsics.js';
import { Finality, type Included } from './finality.js';
import { LedgerReader } from './ledger-reader.js';
import type { AnchoredEpoch, ChainRun, EntitlementClaim, PayFault } from './pay-ledger.js';
import { PayReader } from './pay-reader.js';
import { Sender } from './sender.js';
import { Snapshots } from './snapshots.js';

interface AccountParts {
  readonly snapshots: Snapshots;
  readonly reader: LedgerReader;
  readonly finality: Finality;
  readonly clock: Clock;
}

/**
 * The chain as one account uses it: a node's owner who consents and claims, a challenger, a researcher. The key signs
 * here and never leaves. Every write resolves when it is in a finalised block, or rejects with LEDGER_REFUSED.
 */
export class LedgerAccount {
  readonly account: AccountId;
  readonly #connection: Connection;
  readonly #reader: LedgerReader;
  readonly #consents: ConsentReader;
  readonly #pay: PayReader;
  readonly #sender: Sender;

  private constructor(connection: Connection, signer: Signer, parts: AccountParts) {
    const { snapshots, finality, clock } = parts;
    this.account = asAccountId(signer.key);
    this.#connection = connection;
    this.#reader = parts.reader;
    this.#consents = new ConsentReader(connection, snapshots);
    this.#pay = new PayReader(snapshots);
    this.#sender = new Sender(signer, { ...connection, finality, clock });
  }

  /** Rejects with LEDGER_UNREACHABLE, or LEDGER_WRONG_CHAIN when it is another chain than `genesis`. */
  static async connect(options: {
    readonly url: string;
    readonly genesis?: Hash;
    readonly signer: Signer;
    readonly clock: Clock;
  }): Promise<LedgerAccount> {
    const connection = await connect(options.url, options.genesis);
    const snapshots = new Snapshots(connection.api);
    const reader = new LedgerReader(connection, snapshots);
    const finality = new Finality(connection, snapshots, (await reader.finalized()).number + 1);
    const { clock, signer } = options;
    return new LedgerAccount(connection, signer, { snapshots, reader, finality, clock });
  }

  finalized(): Promise<BlockRef> {
    return this.#reader.finalized();
  }

  async consent(run: RunId, node: NodeId): Promise<Consent | undefined> {
    return this.#consents.ofNode(run, node, await this.#head());
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

  /** What the organisation of a node is paid on. */
  async payee(node: NodeId): Promise<AccountId | undefined> {
    return (await this.#pay.payees([node], await this.#head())).get(node)?.account;
  }

  /** Gives the consent as the chain then holds it. */
  async grantConsent(run: RunId, node: NodeId, terms: ConsentTerms): Promise<Consent> {
    const { policy, purposes, ...when } = terms;
    const { block } = await this.#send('grantConsent', run, node, {
      ...when,
      purposes: [...purposes],
      policy: `0x${policy}`,
    });
    return { ...terms, fromBlock: block.number };
  }

  /** Gives the consent as the chain then holds it, revoked. */
  async revokeConsent(run: RunId, node: NodeId): Promise<Consent | undefined> {
    const { block } = await this.#send('revokeConsent', run, node);
    return this.#consents.ofNode(run, node, block.hash);
  }

  /** Has every account of the claims paid what it is due by a final epoch; all of them or none. */
  async claim(run: RunId, epoch: number, claims: readonly EntitlementClaim[]): Promise<BlockRef> {
    const [only, ...others] = claims;
    if (only === undefined) throw new RangeError('nothing is claimed');
    const sent =
      others.length === 0
        ? await this.#send(
            'claim',
            ...[run, epoch, only.index, ENTITLE.encode(only.leaf), sumProofBytes(only.proof)],
          )
        : await this.#send('claimMany', run, epoch, claimsBytes(claims));
    return sent.block;
  }

  /** Asks the coordinator to show a part of a committed round; holds the deposit. */
  async demand(run: RunId, round: number, subject: DemandSubject): Promise<BlockRef> {
    return (await this.#send('demand', run, round, subjectBytes(subject))).block;
  }

  /** Demands that nobody has answered, of one run. */
  async openDemands(run: RunId): Promise<readonly OpenDemand[]> {
    return this.#pay.openDemands(run, await this.#head());
  }

  round(run: RunId, round: number): Promise<AnchoredRound | undefined> {
    return this.#reader.round(run, round);
  }

  /** The numbers of a run that do not count. */
  voids(run: RunId): Promise<readonly VoidSpan[]> {
    return this.#reader.voids(run);
  }

  /** A demand, a dispute or a halt whose last argument is given as hex of its SCALE. */
  async file(filed: FiledCall): Promise<BlockRef> {
    return (await this.#sender.send(this.#filed(filed))).block;
  }

  /** The call as hex, as `file` would sign it. */
  encode(filed: FiledCall): string {
    return this.#filed(filed).method.toHex();
  }

  /** Has the chain void a round whose demand was not answered in its window. */
  async unanswered({ run, round, demand }: OpenDemand): Promise<BlockRef> {
    return (await this.#send('dispute', unansweredBytes(run, round, demand))).block;
  }

  /** Freezes the payments of a run until the registrar decides; holds the deposit. @param reason hash of a report */
  async object(run: RunId, epoch: number, reason: Hash): Promise<BlockRef> {
    return (await this.#send('object', run, epoch, `0x${reason}`)).block;
  }

  /** Registrar: decides an objection; upheld, the epoch and those after it do not count. */
  async resolve(run: RunId, epoch: number, upheld: boolean): Promise<BlockRef> {
    return (await this.#send('resolve', run, epoch, upheld)).block;
  }

  /** Accuses a settlement; decided in the call. */
  async disputePay(fault: PayFault): Promise<BlockRef> {
    return (await this.#send('dispute', payFaultBytes(fault))).block;
  }

  /** Ends a run that this account proposed, and takes back what is not allotted. */
  async closeRun(run: RunId): Promise<BlockRef> {
    return (await this.#send('closeRun', run)).block;
  }

  async close(): Promise<void> {
    await this.#connection.api.disconnect();
  }

  async #head(): Promise<Hash> {
    return (await this.#reader.finalized()).hash;
  }

  #tally(call: string, ...args: readonly unknown[]): Extrinsic {
    return callOf(this.#connection.api, 'tally', call, args);
  }

  #filed(filed: FiledCall): Extrinsic {
    const bytes = fromHex(filed.bytes);
    switch (filed.call) {
      case 'dispute':
        return this.#tally('dispute', bytes);
      case 'halt':
        return this.#tally('halt', filed.run, bytes);
      case 'demand':
        return this.#tally('demand', filed.run, filed.round, bytes);
    }
  }

  #send(call: string, ...args: readonly unknown[]): Promise<Included> {
    return this.#sender.send(this.#tally(call, ...args));
  }
}
