import { asNodeId, type Hash, type NodeId, type RunId } from '@tallystick/kernel';
import type { BlockRef, Consent, RunConsents } from '@tallystick/rounds';
import { bigintAt, hashAt, numberAt, objectAt } from './json.js';
import type { Snapshots } from './snapshots.js';
import { itemOf } from './storage-item.js';

/** What an owner grants (pallet `ConsentTerms`). */
export type ConsentTerms = Omit<Consent, 'fromBlock' | 'revokedAtBlock'>;

/** Looks at a run and a block whose answer is kept: a round asks when it opens, and while updates arrive. */
const KEPT = 64;

/** Consents of nodes' owners at finalised blocks. */
export class ConsentReader {
  readonly #snapshots: Snapshots;
  readonly #kept = new Map<string, Promise<RunConsents>>();

  constructor(snapshots: Snapshots) {
    this.#snapshots = snapshots;
  }

  /** All consents of a run. One page of keys when there are none, and the block's time only when there are some. */
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
    const snapshot = await this.#snapshots.at(hash);
    const entries = await itemOf(snapshot, 'consents').entries(run);
    const byNode = new Map(
      entries.map(([key, value]) => [
        asNodeId(Number(String(key.args[1]))),
        consentOf(value.toJSON()),
      ]),
    );
    const now = byNode.size === 0 ? undefined : await snapshot.query['timestamp']?.['now']?.();
    return { atBlock: number, atMs: BigInt(now?.toString() ?? 0), byNode };
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
