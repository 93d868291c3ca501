import { asNodeId, type Hash, type NodeId, type RunId } from '@tallystick/kernel';
import type { BlockRef, Consent, RunConsents } from '@tallystick/rounds';
import { littleEndian } from '../embedded/scale.js';
import { storageKey, twox64concat } from '../embedded/storage-key.js';
import type { Connection } from './connection.js';
import { bigintAt, hashAt, numberAt, objectAt } from './json.js';
import { nodeIds, valuesOf } from './registry-reader.js';
import type { Snapshot, Snapshots } from './snapshots.js';
import { itemOf, timeOf } from './storage-item.js';

/** What an owner grants (pallet `ConsentTerms`). */
export type ConsentTerms = Omit<Consent, 'fromBlock' | 'revokedAtBlock'>;

/** Looks at a run and a block whose answer is kept: a round asks when it opens, and while updates arrive. */
const KEPT = 64;

type ByNode = RunConsents['byNode'];

/** Consents of nodes' owners at finalised blocks. */
export class ConsentReader {
  readonly #connection: Connection;
  readonly #snapshots: Snapshots;
  readonly #kept = new Map<string, Promise<RunConsents>>();
  /** By run and the root of its consents: they seldom change from block to block. */
  readonly #byRoot = new Map<string, ByNode>();

  constructor(connection: Connection, snapshots: Snapshots) {
    this.#connection = connection;
    this.#snapshots = snapshots;
  }

  /** All consents of a run; one proof when there are none or they are known, and the block's time only when there are some. */
  ofRun(run: RunId, at: BlockRef): Promise<RunConsents> {
    const key = `${run}/${at.hash}`;
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const read = this.#read(run, at);
    const [oldest] = this.#kept.size >= KEPT ? this.#kept.keys() : [];
    if (oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(key, read);
    read.catch(() => this.#kept.delete(key)); // asked again next time
    return read;
  }

  /** What the owner of one node said about a run; undefined when nothing. */
  async ofNode(run: RunId, node: NodeId, at: Hash): Promise<Consent | undefined> {
    const snapshot = await this.#snapshots.at(at);
    const value = (await itemOf(snapshot, 'consents')(run, node)).toJSON();
    return value === null ? undefined : consentOf(value);
  }

  async #read(run: RunId, { number, hash }: BlockRef): Promise<RunConsents> {
    const prefix = storageKey('Tally', 'Consents', twox64concat(littleEndian(run, 4)));
    const [root] = await this.#connection.provider.reads.mapRoots(hash, [prefix]);
    if (root === undefined) return { atBlock: number, atMs: 0n, byNode: new Map() };
    const snapshot = await this.#snapshots.at(hash);
    const byNode = await this.#ofRoot(run, root, snapshot);
    return { atBlock: number, atMs: await timeOf(snapshot), byNode };
  }

  async #ofRoot(run: RunId, root: string, snapshot: Snapshot): Promise<ByNode> {
    const key = `${run}/${root}`;
    const known = this.#byRoot.get(key);
    if (known !== undefined) return known;
    const ids = await nodeIds(snapshot);
    const found = await valuesOf(
      snapshot,
      'consents',
      ids.map((id) => [run, id]),
    );
    const byNode = new Map(
      found.flatMap((json, id) =>
        json === undefined ? [] : [[asNodeId(id), consentOf(json)] as const],
      ),
    );
    const [oldest] = this.#byRoot.size >= KEPT ? this.#byRoot.keys() : [];
    if (oldest !== undefined) this.#byRoot.delete(oldest);
    this.#byRoot.set(key, byNode);
    return byNode;
  }
}

function consentOf(value: unknown): Consent {
  const json = objectAt(value, 'tally.consents');
  const purposes: unknown = json['purposes'];
  const revoked = json['revokedAtBlock'];
  return {
    fromRound: numberAt(json, 'fromRound'),
    untilRound: numberAt(json, 'untilRound'),
    untilMs: bigintAt(json, 'untilMs'),
    purposes: Array.isArray(purposes) ? purposes.map(Number) : [],
    policy: hashAt(json, 'policy'),
    fromBlock: numberAt(json, 'fromBlock'),
    ...(typeof revoked === 'number' ? { revokedAtBlock: revoked } : {}),
  };
}
