import type { ApiPromise } from '@polkadot/api';
import {
  type AccountId,
  asNodeId,
  asOrganisationId,
  asPublicKey,
  asRunId,
  type Hash,
  type NodeId,
  type OrganisationId,
  type PublicKey,
  type RunId,
  TallyError,
} from '@tallystick/kernel';
import type { AnchoredRun, BlockRef, EligibleNode, VoidSpan } from '@tallystick/rounds';
import { bare } from './connection.js';
import { accountAt } from './account-json.js';
import { bigintAt, hashAt, type Json, numberAt, objectAt, stringAt } from './json.js';
import type { AnchoredRound } from './round-ledger.js';
import type { Snapshots } from './snapshots.js';
import { itemOf } from './storage-item.js';

/** Node ids one call of `TallyApi.members` looks at. */
const PAGE = 1_024;
/** Cohorts are drawn at the newest block, a resumed round at an older one: a few are enough. */
const KEPT_COHORTS = 8;

function eligibleOf(value: unknown): EligibleNode {
  const json = objectAt(value, 'TallyApi.members');
  return {
    node: asNodeId(numberAt(json, 'node')),
    organisation: asOrganisationId(numberAt(json, 'organisation')),
    keyEpoch: numberAt(json, 'keyEpoch'),
    key: asPublicKey(stringAt(json, 'key').replace(/^0x/, '')),
    cap: bigintAt(json, 'cap'),
  };
}

/** Who registered a key, and for whom. */
export interface RegisteredNode {
  readonly node: NodeId;
  readonly organisation: OrganisationId;
  readonly owner: AccountId;
}

/** Reads of pallet-tally at finalised blocks. */
export class LedgerReader {
  readonly #api: ApiPromise;
  readonly #snapshots: Snapshots;
  readonly #cohorts = new Map<Hash, readonly EligibleNode[]>();
  /** The newest finalised block that was seen: its number need not be asked for again. */
  #newest: BlockRef | undefined;

  constructor(api: ApiPromise, snapshots: Snapshots) {
    this.#api = api;
    this.#snapshots = snapshots;
  }

  genesis(): Hash {
    return bare(this.#api.genesisHash);
  }

  async finalized(): Promise<BlockRef> {
    const head = await this.#api.rpc.chain.getFinalizedHead();
    const hash = bare(head);
    if (this.#newest?.hash === hash) return this.#newest;
    const { number } = await this.#api.rpc.chain.getHeader(head);
    return (this.#newest = { number: number.toNumber(), hash });
  }

  async eligible(atBlock: BlockRef): Promise<readonly EligibleNode[]> {
    const known = this.#cohorts.get(atBlock.hash);
    if (known !== undefined) return known;
    const members: EligibleNode[] = [];
    const end = await this.#nextNode(atBlock);
    for (let from = 0; from < end; from += PAGE) {
      const page = await this.#call('members', [from, PAGE], atBlock);
      if (Array.isArray(page)) members.push(...page.map(eligibleOf));
    }
    const oldest = this.#cohorts.keys().next().value;
    if (this.#cohorts.size >= KEPT_COHORTS && oldest !== undefined) this.#cohorts.delete(oldest);
    this.#cohorts.set(atBlock.hash, members);
    return members;
  }

  async anchored(run: RunId): Promise<AnchoredRun | undefined> {
    const value = await this.#call('run', [run], await this.finalized());
    if (value === null) return undefined;
    const json = objectAt(value, 'TallyApi.run');
    return {
      nextRound: numberAt(json, 'nextRound'),
      head: hashAt(json, 'head'),
      model: hashAt(json, 'model'),
      state: hashAt(json, 'state'),
      lastAtBlock: numberAt(json, 'lastAtBlock'),
      isHalted: stringAt(json, 'status') === 'Halted',
    };
  }

  async round(run: RunId, round: number): Promise<AnchoredRound | undefined> {
    const value = await this.#call('round', [run, round], await this.finalized());
    return value === null ? undefined : roundOf(objectAt(value, 'TallyApi.round'));
  }

  async voids(run: RunId): Promise<readonly VoidSpan[]> {
    const snapshot = await this.#snapshots.at((await this.finalized()).hash);
    return spansOf((await itemOf(snapshot, 'voids')(run)).toJSON());
  }

  /** Of every run that has any. */
  async allVoids(): Promise<ReadonlyMap<RunId, readonly VoidSpan[]>> {
    const snapshot = await this.#snapshots.at((await this.finalized()).hash);
    const entries = await itemOf(snapshot, 'voids').entries();
    return new Map(
      entries.map(([key, value]) => [
        asRunId(Number(String(key.args[0]))),
        spansOf(value.toJSON()),
      ]),
    );
  }

  /** The node that registered `key`, whatever became of it since; undefined when nobody has. */
  async nodeOf(key: PublicKey): Promise<RegisteredNode | undefined> {
    const at = await this.finalized();
    const snapshot = await this.#snapshots.at(at.hash);
    const id = (await itemOf(snapshot, 'keyOwner')(`0x${key}`)).toJSON();
    if (typeof id !== 'number') return undefined;
    const json = objectAt(await this.#call('node', [id], at), 'TallyApi.node');
    return {
      node: asNodeId(id),
      organisation: asOrganisationId(numberAt(json, 'organisation')),
      owner: accountAt(json, 'owner'),
    };
  }

  async #nextNode(at: BlockRef): Promise<number> {
    const snapshot = await this.#snapshots.at(at.hash);
    return Number((await itemOf(snapshot, 'nextNode')()).toString());
  }

  async #call(name: string, args: readonly unknown[], at: BlockRef): Promise<unknown> {
    const snapshot = await this.#snapshots.at(at.hash);
    const call = snapshot.call['tallyApi']?.[name];
    if (call === undefined) throw missing(`TallyApi.${name}`);
    return (await call(...args)).toJSON();
  }
}

function roundOf(json: Json): AnchoredRound {
  return {
    header: hashAt(json, 'header'),
    contribRoot: hashAt(json, 'contribRoot'),
    included: numberAt(json, 'included'),
    sumWeight: bigintAt(json, 'sumWeight'),
    committedAtMs: bigintAt(json, 'committedAtMs'),
    status: stringAt(json, 'status') === 'Void' ? 'void' : 'committed',
    isFinal: json['isFinal'] === true,
  };
}

function spansOf(value: unknown): readonly VoidSpan[] {
  const spans: readonly unknown[] = Array.isArray(value) ? value : [];
  return spans.map((span) => {
    const json = objectAt(span, 'tally.voids');
    return { from: numberAt(json, 'from'), until: numberAt(json, 'until') };
  });
}

function missing(call: string): TallyError {
  return new TallyError('LEDGER_RUNTIME_FAILED', { call, reason: 'the runtime does not have it' });
}
