import {
  asHash,
  asPublicKey,
  type Hash,
  type PublicKey,
  TallyError,
  toHex,
} from '@tallystick/kernel';
import { ed25519 } from '@tallystick/kernel/node';
import type { BlockRef } from '@tallystick/rounds';
import { unsealHeader, verifySeal } from '../embedded/aura.js';
import { littleEndian, ScaleReader } from '../embedded/scale.js';
import { storageKey, twox64concat } from '../embedded/storage-key.js';
import type { Ask, ProvedReads } from './proved-reads.js';

/** Hashes that the state of a block keeps of the blocks before it (`BlockHashCount` of the runtime). */
const KEPT_HASHES = 2_400;
const AUTHORITIES = storageKey('Aura', 'Authorities');

/**
 * The finalised blocks that a chain node names, as far as they can be checked: each continues the one that was named
 * before, and an authority sealed it, by the authorities of a block that was checked earlier; the first is genesis. That
 * they are final, and not only sealed, is the node's word.
 */
export class TrustedBlocks {
  readonly #url: string;
  readonly #ask: Ask;
  readonly #reads: ProvedReads;
  #newest: BlockRef | undefined;
  #look: Promise<BlockRef> | undefined;
  /** The newest block whose seal was checked. */
  #sealed: BlockRef;
  /** Those of the state after it: they check the next. Read at once, since nodes forget states. */
  #authorities: readonly PublicKey[] | undefined;

  constructor(
    node: { readonly url: string; readonly ask: Ask; readonly reads: ProvedReads },
    genesis: Hash,
  ) {
    this.#url = node.url;
    this.#ask = node.ask;
    this.#reads = node.reads;
    this.#sealed = { number: 0, hash: genesis };
  }

  /** The newest finalised block; of a node that lags behind what was seen already, that one. */
  finalized(): Promise<BlockRef> {
    this.#look ??= this.#lookNow().finally(() => (this.#look = undefined));
    return this.#look;
  }

  /** Hash of block `number`, which `head` continues. Walks along parents where the head's state keeps it no longer. */
  async hashBelow(number: number, head: BlockRef): Promise<Hash> {
    let at = head;
    if (head.number - number > 1) {
      const kept = Math.max(number, head.number - KEPT_HASHES);
      const key = storageKey('System', 'BlockHash', twox64concat(littleEndian(kept, 4)));
      const [bytes] = await this.#reads.values(head.hash, [key]);
      if (bytes === undefined) throw this.#unproved(`block ${kept}`, 'the state does not keep it');
      at = { number: kept, hash: asHash(toHex(bytes)) };
    }
    while (at.number > number) {
      const { parentHash } = await this.#reads.header(at.hash);
      at = { number: at.number - 1, hash: parentHash };
    }
    return at.hash;
  }

  async #lookNow(): Promise<BlockRef> {
    const hash = asHash(String(await this.#ask('chain_getFinalizedHead', [])).replace(/^0x/, ''));
    const newest = this.#newest;
    if (newest?.hash === hash) return newest;
    const block = { number: (await this.#reads.header(hash)).number, hash };
    if (newest !== undefined && block.number < newest.number) return newest;
    if (newest !== undefined) await this.#checkContinues(newest, block);
    await this.#checkSealed(block);
    return (this.#newest = block);
  }

  async #checkContinues(newest: BlockRef, block: BlockRef): Promise<void> {
    const there = await this.hashBelow(newest.number, block);
    if (there === newest.hash) return;
    const reason = `its block ${newest.number} is ${there}; ${newest.hash} was called final before`;
    throw this.#unproved(`finalised block ${block.number}`, reason);
  }

  /** Where the authorities changed since the last look, blocks in between lead from the old ones to the new ones. */
  async #checkSealed(block: BlockRef): Promise<void> {
    for (;;) {
      const fault = await this.#sealFault(block);
      if (fault === undefined) break;
      const from = this.#sealed.number;
      if (block.number - from < 2) throw this.#unproved(`seal of block ${block.number}`, fault);
      const number = Math.floor((from + block.number) / 2);
      const answer = await this.#ask('chain_getBlockHash', [number]);
      await this.#checkSealed({ number, hash: asHash(String(answer).replace(/^0x/, '')) });
    }
    if (block.hash === this.#sealed.hash) return;
    this.#sealed = block;
    this.#authorities = await this.#authoritiesAt(block.hash);
  }

  async #sealFault(block: BlockRef): Promise<string | undefined> {
    if (block.hash === this.#sealed.hash) return undefined;
    const authorities = (this.#authorities ??= await this.#authoritiesAt(this.#sealed.hash));
    const sealed = await this.#reads.header(block.hash);
    try {
      if (sealed.number !== block.number) throw new RangeError(`it is block ${sealed.number}`);
      const { header, seal } = unsealHeader(sealed);
      verifySeal(header, seal, { authorities, ed25519 });
      return undefined;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return error.message;
    }
  }

  async #authoritiesAt(at: Hash): Promise<readonly PublicKey[]> {
    const [bytes] = await this.#reads.values(at, [AUTHORITIES]);
    if (bytes === undefined) return [];
    const input = new ScaleReader(bytes);
    return input.vector(() => asPublicKey(toHex(input.take(32))));
  }

  #unproved(what: string, reason: string): TallyError {
    return new TallyError('LEDGER_UNPROVED', { url: this.#url, what, reason });
  }
}
