import type { ApiPromise } from '@polkadot/api';
import {
  type AccountId,
  asNodeId,
  asOrganisationId,
  asRunId,
  type Hash,
  type NodeId,
  type OrganisationId,
  type PublicKey,
  type RunId,
} from '@tallystick/kernel';
import type { AnchoredRun, BlockRef, EligibleNode, VoidSpan } from '@tallystick/rounds';
import { storageKey } from '../embedded/storage-key.js';
import { accountAt } from './account-json.js';
import { anchoredRound } from './anchored-round.js';
import { bare, type Connection } from './connection.js';
import { hashAt, numberAt, objectAt, stringAt } from './json.js';
import { readMembers, registryRoots } from './registry-reader.js';
import type { AnchoredRound } from './round-ledger.js';
import type { Snapshots } from './snapshots.js';
import { itemOf, timeOf } from './storage-item.js';
import type { TrustedBlocks } from './trusted-blocks.js';
import { voidSpans } from './void-spans.js';

/** Cohorts are drawn at the newest block, a resumed round at an older one; few registries differ. */
const KEPT_COHORTS = 8;
const VOIDS = storageKey('Tally', 'Voids');

/** Who registered a key, and for whom. */
export interface RegisteredNode {
  readonly node: NodeId;
  readonly organisation: OrganisationId;
  readonly owner: AccountId;
}

/** Reads of pallet-tally at finalised blocks; each value is proved against the block's state root. */
export class LedgerReader {
  readonly #api: ApiPromise;
  readonly #connection: Connection;
  readonly #blocks: TrustedBlocks;
  readonly #snapshots: Snapshots;
  /** By the registry's roots: it seldom changes from block to block. */
  readonly #cohorts = new Map<string, readonly EligibleNode[]>();

  constructor(connection: Connection, snapshots: Snapshots) {
    this.#api = connection.api;
    this.#connection = connection;
    this.#blocks = connection.blocks;
    this.#snapshots = snapshots;
  }

  genesis(): Hash {
    return bare(this.#api.genesisHash);
  }

  finalized(): Promise<BlockRef> {
    return this.#blocks.finalized();
  }

  async eligible({ hash }: BlockRef): Promise<readonly EligibleNode[]> {
    const roots = await registryRoots(this.#connection, hash);
    const known = this.#cohorts.get(roots);
    if (known !== undefined) return known;
    const members = await readMembers(await this.#snapshots.at(hash));
    const [oldest] = this.#cohorts.size >= KEPT_COHORTS ? this.#cohorts.keys() : [];
    if (oldest !== undefined) this.#cohorts.delete(oldest);
    this.#cohorts.set(roots, members);
    return members;
  }

  async anchored(run: RunId): Promise<AnchoredRun | undefined> {
    const snapshot = await this.#newest();
    const value = (await itemOf(snapshot, 'runs')(run)).toJSON();
    if (value === null) return undefined;
    const json = objectAt(value, 'tally.runs');
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
    const snapshot = await this.#newest();
    const read = async (name: string, ...keys: readonly number[]): Promise<unknown> =>
      (await itemOf(snapshot, name)(...keys)).toJSON();
    const [stored, of, voids, demands, nowMs] = await Promise.all([
      read('rounds', run, round),
      read('runs', run),
      read('voids', run),
      read('openDemands', run),
      timeOf(snapshot),
    ]);
    if (stored === null) return undefined;
    return anchoredRound(round, { stored, run: of, voids, demands, nowMs: Number(nowMs) });
  }

  async voids(run: RunId): Promise<readonly VoidSpan[]> {
    const snapshot = await this.#newest();
    return voidSpans((await itemOf(snapshot, 'voids')(run)).toJSON());
  }

  /** Of every run that has any. */
  async allVoids(): Promise<ReadonlyMap<RunId, readonly VoidSpan[]>> {
    const { hash } = await this.finalized();
    const [root] = await this.#connection.provider.reads.mapRoots(hash, [VOIDS]);
    if (root === undefined) return new Map();
    const snapshot = await this.#snapshots.at(hash);
    const count = Number((await itemOf(snapshot, 'nextRun')()).toString());
    const runs = Array.from({ length: count }, (_, run) => asRunId(run));
    const found = await itemOf(snapshot, 'voids').multi([...runs]);
    const spans = runs.map((run, i) => [run, voidSpans(found[i]?.toJSON())] as const);
    return new Map(spans.filter(([, of]) => of.length > 0));
  }

  /** The node that registered `key`, whatever became of it since; undefined when nobody has. */
  async nodeOf(key: PublicKey): Promise<RegisteredNode | undefined> {
    const snapshot = await this.#newest();
    const id = (await itemOf(snapshot, 'keyOwner')(`0x${key}`)).toJSON();
    if (typeof id !== 'number') return undefined;
    const json = objectAt((await itemOf(snapshot, 'nodes')(id)).toJSON(), 'tally.nodes');
    return {
      node: asNodeId(id),
      organisation: asOrganisationId(numberAt(json, 'organisation')),
      owner: accountAt(json, 'owner'),
    };
  }

  async #newest() {
    return this.#snapshots.at((await this.finalized()).hash);
  }
}
