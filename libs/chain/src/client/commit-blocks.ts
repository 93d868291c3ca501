import type { ApiPromise } from '@polkadot/api';
import type { Extrinsic } from '@polkadot/types/interfaces';
import { type Hash, type RunId, TallyError, toHex } from '@tallystick/kernel';
import type { BlockRef } from '@tallystick/rounds';
import { extrinsicsOf } from './block-body.js';
import { bare, type Connection } from './connection.js';
import type { AnchoredRound } from './round-ledger.js';
import type { TrustedBlocks } from './trusted-blocks.js';

/** Answers that are kept; a run asks for the same rounds again only after a restart. */
const KEPT_BLOCKS = 64;

/**
 * Finds the block that holds the commit of a round: by the time that the chain keeps of it, among the blocks' own
 * timestamps. Blocks are kept for ever, states are not, so that a run may rest as long as it likes.
 */
export class CommitBlocks {
  readonly #api: ApiPromise;
  readonly #blocks: TrustedBlocks;
  readonly #provider: Connection['provider'];
  readonly #found = new Map<string, BlockRef>();

  constructor({ api, blocks, provider }: Connection) {
    this.#api = api;
    this.#provider = provider;
    this.#blocks = blocks;
  }

  /** Undefined when no block up to `head` holds it. Rejects with LEDGER_UNPROVED when `head` does not continue the one that does. */
  async find(
    at: { readonly chain: Hash; readonly run: RunId; readonly round: number },
    anchored: Pick<AnchoredRound, 'committedAtMs'>,
    head: BlockRef,
  ): Promise<BlockRef | undefined> {
    const key = headerStart(at);
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const { committedAtMs } = anchored;
    for (
      let number = await this.#firstAt(committedAtMs, head.number);
      number <= head.number;
      number++
    ) {
      const { hash, timeMs, isHolding } = await this.#read(number, key);
      if (timeMs > committedAtMs) return undefined;
      if (!isHolding) continue;
      const block = { number, hash: await this.#blocks.hashBelow(number, head) };
      if (block.hash === hash) return this.#keep(key, block);
      const reason = `the finalised block ${head.number} continues another one, ${block.hash}`;
      throw new TallyError('LEDGER_UNPROVED', { url: 'the chain', what: `block ${hash}`, reason });
    }
    return undefined;
  }

  /** Number of the first block that is not older. */
  async #firstAt(timeMs: bigint, head: number): Promise<number> {
    let low = 1;
    let high = head;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((await this.#read(middle)).timeMs < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  async #read(number: number, key?: string) {
    const hash = bare(await this.#api.rpc.chain.getBlockHash(number));
    const extrinsics = await extrinsicsOf(this.#provider, hash);
    const isHolding = key !== undefined && holds(extrinsics, key);
    return { hash, timeMs: this.#timeOf(extrinsics), isHolding };
  }

  /** The argument of `timestamp.set`, which is among the inherents that every block begins with; 0 without one. */
  #timeOf(extrinsics: readonly string[]): bigint {
    for (const bytes of extrinsics) {
      const { method } = this.#api.createType<Extrinsic>('Extrinsic', bytes);
      if (method.section === 'timestamp') return BigInt(method.args[0]?.toString() ?? 0);
    }
    return 0n;
  }

  #keep(key: string, block: BlockRef): BlockRef {
    this.#found.set(key, block);
    const oldest = this.#found.keys().next().value;
    if (this.#found.size > KEPT_BLOCKS && oldest !== undefined) this.#found.delete(oldest);
    return block;
  }
}

/** What a header begins with, as a pattern: chain, any mode, run, round. No other record holds the same bytes there. */
function headerStart({ chain, run, round }: { chain: Hash; run: RunId; round: number }): string {
  const numbers = new Uint8Array(8);
  const view = new DataView(numbers.buffer);
  view.setUint32(0, run, true);
  view.setUint32(4, round, true);
  return `${chain}(00|01|02)${toHex(numbers)}`;
}

function holds(extrinsics: readonly string[], key: string): boolean {
  const pattern = new RegExp(key);
  return extrinsics.some((extrinsic) => pattern.test(extrinsic));
}
