import type { ApiPromise } from '@polkadot/api';
import type { DispatchError, EventRecord } from '@polkadot/types/interfaces';
import { asHash, fromHex, type Hash, TallyError, toHex } from '@tallystick/kernel';
import type { BlockRef } from '@tallystick/rounds';
import { blake2b256 } from '../embedded/hashing.js';
import { extrinsicsOf, isStateDiscarded } from './block-body.js';
import type { Connection } from './connection.js';
import { type Json, objectAt } from './json.js';
import type { Snapshots } from './snapshots.js';
import type { TrustedBlocks } from './trusted-blocks.js';

/** Blocks whose extrinsics are remembered; a commit is looked for at most one era (64 blocks) back. */
const KEPT_BLOCKS = 4_096;

/** One extrinsic in a finalised block. */
export interface Included {
  readonly block: BlockRef;
  /** Undefined when it succeeded. */
  readonly failure?: string;
  /** Events of this extrinsic: section.method → data. */
  readonly events: readonly { readonly name: string; readonly data: Json }[];
}

/**
 * Where extrinsics ended up, read from the newest finalised block back to the one that was read last, along parents:
 * after a reconnect nothing is missed. Subscriptions only say that there may be something new.
 */
export class Finality {
  readonly #api: ApiPromise;
  readonly #blocks: TrustedBlocks;
  readonly #provider: Connection['provider'];
  readonly #snapshots: Snapshots;
  readonly #found = new Map<Hash, { block: BlockRef; index: number }>();
  readonly #order: { number: number; hashes: Hash[] }[] = [];
  #next: number;
  #scan: Promise<BlockRef> | undefined;

  /** @param fromBlock first block that is looked at; earlier extrinsics are unknown. */
  constructor({ api, blocks, provider }: Connection, snapshots: Snapshots, fromBlock: number) {
    this.#api = api;
    this.#blocks = blocks;
    this.#provider = provider;
    this.#snapshots = snapshots;
    this.#next = fromBlock;
  }

  /** Reads up to the newest finalised block, which it returns. */
  async catchUp(): Promise<BlockRef> {
    this.#scan ??= this.#readOn().finally(() => (this.#scan = undefined));
    return this.#scan;
  }

  /**
   * The extrinsic, when a block read so far holds it. One whose block's state the node has forgotten counts as not found:
   * what became of it can only be read from the newest state.
   */
  async find(hash: Hash): Promise<Included | undefined> {
    const found = this.#found.get(hash);
    if (found === undefined) return undefined;
    const records = await this.#eventsAt(found.block).catch((error: unknown) => {
      if (isStateDiscarded(error)) return undefined;
      throw error;
    });
    return records && { block: found.block, ...this.#eventsOf(records, found.index) };
  }

  async #eventsAt(block: BlockRef): Promise<readonly EventRecord[]> {
    const { query } = await this.#snapshots.at(block.hash);
    const events = query['system']?.['events'];
    if (events === undefined) {
      throw new TallyError('LEDGER_RUNTIME_FAILED', {
        call: 'system.events',
        reason: 'no such item',
      });
    }
    return (await events()) as unknown as readonly EventRecord[]; // Vec<EventRecord> by its metadata
  }

  async #readOn(): Promise<BlockRef> {
    const head = await this.#blocks.finalized();
    const first = Math.max(this.#next, head.number - KEPT_BLOCKS + 1);
    const read: { readonly block: BlockRef; readonly hashes: Hash[] }[] = [];
    let { hash } = head;
    for (let { number } = head; number >= first; number--) {
      const hashes = (await extrinsicsOf(this.#provider, hash)).map(hashOf);
      read.push({ block: { number, hash }, hashes });
      ({ parentHash: hash } = await this.#provider.reads.header(hash));
    }
    for (const { block, hashes } of read.toReversed()) this.#remember(block, hashes);
    this.#next = Math.max(this.#next, head.number + 1);
    return head;
  }

  #remember(block: BlockRef, hashes: Hash[]): void {
    hashes.forEach((extrinsic, index) => this.#found.set(extrinsic, { block, index }));
    this.#order.push({ number: block.number, hashes });
    if (this.#order.length <= KEPT_BLOCKS) return;
    for (const old of this.#order.shift()?.hashes ?? []) this.#found.delete(old);
  }

  #eventsOf(records: readonly EventRecord[], index: number): Omit<Included, 'block'> {
    const own = records.filter(
      ({ phase }) => phase.isApplyExtrinsic && phase.asApplyExtrinsic.eqn(index),
    );
    const failed = own.find(
      ({ event }) => event.section === 'system' && event.method === 'ExtrinsicFailed',
    );
    const events = own.map(({ event }) => ({
      name: `${event.section}.${event.method}`,
      data: objectAt(
        Object.fromEntries(
          (event.data.names ?? []).map((name, i) => [name, event.data[i]?.toJSON()]),
        ),
        event.method,
      ),
    }));
    return failed === undefined ? { events } : { events, failure: this.#reasonOf(failed) };
  }

  /** `pallet.Error: its documentation` of a failed extrinsic. */
  #reasonOf({ event }: EventRecord): string {
    const error = event.data[0] as DispatchError | undefined; // first field of system.ExtrinsicFailed
    if (error?.isModule !== true) return error?.toString() ?? 'unknown';
    const { section, name, docs } = this.#api.registry.findMetaError(error.asModule);
    return `${section}.${name}: ${docs.join(' ').trim()}`;
  }
}

function hashOf(extrinsic: string): Hash {
  return asHash(toHex(blake2b256(fromHex(extrinsic.slice(2)))));
}
