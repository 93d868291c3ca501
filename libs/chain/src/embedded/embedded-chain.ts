import {
  type Clock,
  concatBytes,
  type Hash,
  isTallyError,
  type Signer,
  TallyError,
  type Timer,
} from '@tallystick/kernel';
import { join } from 'node:path';
import { fsyncFolder, LockFile } from '@tallystick/kernel/node';
import { auraAuthorities } from './aura.js';
import { authorBlock, type BlockDraft } from './block-author.js';
import { BlockStore } from './block-store.js';
import type { ChainEvent, ChainListener, NumberedBlock } from './chain-event.js';
import { ChainState } from './chain-state.js';
import { hashBytes } from './hex.js';
import type { RawSpec } from './raw-spec.js';
import { RuntimeCache } from './runtime.js';
import { littleEndian, ScaleReader } from './scale.js';
import { encodeSignedBlock } from './signed-block.js';
import {
  extrinsicHash,
  type PooledTransaction,
  type PoolLimits,
  TransactionPool,
} from './transaction-pool.js';
import { decodeValidity, type ValidTransaction } from './transaction-validity.js';
import type { Trie } from './trie/trie.js';

/** A transaction that comes from outside (sp-runtime `TransactionSource::External`). */
const EXTERNAL = Uint8Array.of(2);
/** Transactions that arrive together go into one block. */
const COALESCE_MS = 5;
/** polkadot-js drops the `inBlock` status when `finalized` follows within about 50 ms. */
const FINALITY_DELAY_MS = 60;
const MAX_LISTENERS = 4096;
/** The runtime's block length; a longer extrinsic can never be in a block. */
const MAX_EXTRINSIC_BYTES = 5 * 1024 * 1024;

export interface EmbeddedChainOptions {
  /** Existing folder for the block log; locked while the chain is open. */
  readonly folder: string;
  readonly spec: RawSpec;
  /** Without it the chain can be read but makes no blocks. */
  readonly authority?: Signer;
  /** `instant`: a block as soon as there are transactions; `manual`: only when `seal` is called. */
  readonly sealing: 'instant' | 'manual';
  readonly clock: Clock;
  readonly poolLimits?: PoolLimits;
}

/**
 * A Substrate chain in this process: real runtime, real state roots, blocks sealed by the one authority key, every block
 * durable before anybody hears of it. Its finality means *ordered by one operator*.
 */
export class EmbeddedChain {
  readonly spec: RawSpec;
  readonly pool: TransactionPool;
  readonly #options: EmbeddedChainOptions;
  readonly #lock: LockFile;
  readonly #runtimes: RuntimeCache;
  readonly #store: BlockStore;
  readonly #listeners = new Set<ChainListener>();
  readonly #finality = new Set<Timer>();
  #finalized: NumberedBlock;
  #sealTimer: Timer | undefined;
  #isOpen = true;

  private constructor(
    options: EmbeddedChainOptions,
    parts: { lock: LockFile; runtimes: RuntimeCache; store: BlockStore },
  ) {
    this.spec = options.spec;
    this.pool = new TransactionPool(options.poolLimits);
    this.#options = options;
    this.#lock = parts.lock;
    this.#runtimes = parts.runtimes;
    this.#store = parts.store;
    this.#finalized = this.head;
  }

  /**
   * Opens the chain in `folder` or starts it from `spec`. Throws CONFIG_LOCKED, CONFIG_FOLDER_UNWRITABLE,
   * LEDGER_WRONG_CHAIN, LEDGER_BLOCK_INVALID, LEDGER_GENESIS_INVALID, LEDGER_NOT_AUTHORITY.
   */
  static async open(options: EmbeddedChainOptions): Promise<EmbeddedChain> {
    const lock = await LockFile.acquire(join(options.folder, 'blocks.lock'));
    let store: BlockStore | undefined;
    try {
      const runtimes = new RuntimeCache();
      store = BlockStore.open(options.folder, options.spec, runtimes);
      if (options.authority !== undefined) checkAuthority(store.head.state, options.authority);
      await fsyncFolder(options.folder);
      return new EmbeddedChain(options, { lock, runtimes, store });
    } catch (error) {
      store?.close();
      await lock.release();
      throw error;
    }
  }

  get genesis(): Hash {
    return this.#store.genesis;
  }

  get head(): NumberedBlock {
    return this.#store.head;
  }

  /** The newest block announced as finalized. */
  get finalized(): NumberedBlock {
    return this.#finalized;
  }

  /** The block, or undefined when there is none. */
  block(id: number | Hash): NumberedBlock | undefined {
    return this.#store.block(id);
  }

  /** Throws LEDGER_BLOCK_UNKNOWN, LEDGER_STATE_PRUNED (the newest 256 states and genesis are kept). */
  stateAt(hash: Hash): ChainState {
    return new ChainState(this.#store.state(hash), this.#runtimes);
  }

  /**
   * Judges an extrinsic (with its length prefix; kept, not copied) at the head and puts it into the pool; resolves with its hash. Rejects
   * with LEDGER_TRANSACTION_INVALID (meta `kind`), LEDGER_TRANSACTION_KNOWN, LEDGER_TRANSACTION_OUTBID, LEDGER_POOL_FULL.
   */
  async submit(extrinsic: Uint8Array): Promise<Hash> {
    this.#checkOpen();
    const validity = this.#validate(extrinsic);
    const replaced = this.pool.add(extrinsic, validity, this.head.number);
    for (const transaction of replaced) this.#emitDropped(transaction, 'it was replaced');
    this.#scheduleSeal();
    return extrinsicHash(extrinsic);
  }

  /** Makes one block of what is ready, even of nothing; resolves with its hash once it is durable. */
  async seal(): Promise<Hash> {
    this.#checkOpen();
    return this.#commit(this.#author());
  }

  /** Calls `listener` for everything that happens from now on; returns the way to stop. */
  subscribe(listener: ChainListener): () => void {
    if (this.#listeners.size >= MAX_LISTENERS) {
      throw new TallyError('INTERNAL_OVERFLOW', { what: 'chain listeners', limit: MAX_LISTENERS });
    }
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * All blocks from 1 to the present head as a Substrate node's `export-blocks --binary` writes them: count u64, then
   * SCALE `SignedBlock`s. One chunk per block.
   */
  async *exportBlocks(): AsyncGenerator<Uint8Array, void, undefined> {
    const { number: last } = this.head;
    yield littleEndian(last, 8);
    for (let number = 1; number <= last; number++) {
      const block = this.block(number);
      if (block === undefined) throw new TallyError('LEDGER_BLOCK_UNKNOWN', { block: number });
      yield encodeSignedBlock(block);
    }
  }

  /** Stops making blocks and gives the folder free; transactions still in the pool are forgotten. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#sealTimer?.cancel();
    for (const timer of this.#finality) timer.cancel();
    this.#listeners.clear();
    this.#store.close();
    await this.#lock.release();
  }

  #validate(extrinsic: Uint8Array): ValidTransaction {
    checkFraming(extrinsic);
    const { hash } = this.head;
    const args = concatBytes(EXTERNAL, extrinsic, hashBytes(hash));
    const validity = decodeValidity(judge(this.stateAt(hash), args));
    if ('provides' in validity) return validity;
    const { kind, reason } = validity;
    throw new TallyError('LEDGER_TRANSACTION_INVALID', { reason, kind });
  }

  #author(): BlockDraft {
    const { authority, clock } = this.#options;
    if (authority === undefined) {
      throw new TallyError('LEDGER_NOT_AUTHORITY', { key: 'none', authority: 'another process' });
    }
    const parent = this.#store.head;
    return authorBlock({
      parent,
      runtime: this.#runtimes.of(parent.state),
      pool: this.pool,
      authority,
      nowMs: clock.nowMs(),
    });
  }

  #commit(draft: BlockDraft): Hash {
    const block = this.#store.append(draft, draft.changes, draft.state);
    const expired = this.pool.settle(draft.included, block.number);
    this.#emit({ kind: 'block', block, included: draft.included.map(({ hash }) => hash) });
    this.#drop(draft);
    for (const transaction of expired) this.#emitDropped(transaction, 'its era ended');
    this.#finalizeLater(block);
    return block.hash;
  }

  #drop(draft: BlockDraft): void {
    for (const { reason, transaction } of draft.dropped) {
      this.pool.remove(transaction.hash);
      this.#emitDropped(transaction, reason);
    }
  }

  #emitDropped(transaction: PooledTransaction, reason: string): void {
    this.#emit({ kind: 'dropped', transaction: transaction.hash, reason });
  }

  #finalizeLater(block: NumberedBlock): void {
    const timer = this.#options.clock.after(FINALITY_DELAY_MS, () => {
      this.#finality.delete(timer);
      this.#finalized = block;
      this.#emit({ kind: 'finalized', block });
    });
    this.#finality.add(timer);
  }

  #scheduleSeal(): void {
    const { authority, clock, sealing } = this.#options;
    if (sealing === 'manual' || authority === undefined || this.#sealTimer !== undefined) return;
    this.#sealTimer = clock.after(COALESCE_MS, () => {
      this.#sealTimer = undefined;
      this.#sealReady();
    });
  }

  /** An instant block needs a transaction, or must have been full without one; other drafts are thrown away. */
  #sealReady(): void {
    if (!this.pool.hasReady) return;
    const draft = this.#author();
    if (draft.included.length > 0 || draft.isFull) this.#commit(draft);
    else this.#drop(draft);
    if (this.pool.hasReady && (draft.isFull || draft.included.length + draft.dropped.length > 0))
      this.#scheduleSeal();
  }

  #emit(event: ChainEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #checkOpen(): void {
    if (!this.#isOpen)
      throw new TallyError('NET_CLOSED', { what: 'the chain', reason: 'it was closed' });
  }
}

/** Told at the start rather than at the first transaction. */
function checkAuthority(state: Trie, { key }: Signer): void {
  const authorities = auraAuthorities(state);
  if (authorities.includes(key)) return;
  const authority = authorities.join(', ') || 'nobody';
  throw new TallyError('LEDGER_NOT_AUTHORITY', { key, authority });
}

/** The runtime traps on bytes it cannot read as a transaction. */
function judge(state: ChainState, args: Uint8Array): Uint8Array {
  try {
    return state.call('TaggedTransactionQueue_validate_transaction', args);
  } catch (error) {
    if (!isTallyError(error, 'LEDGER_RUNTIME_FAILED')) throw error;
    const meta = { reason: 'the runtime cannot read it', kind: 'unknown' };
    throw new TallyError('LEDGER_TRANSACTION_INVALID', meta, error);
  }
}

function checkFraming(extrinsic: Uint8Array): void {
  try {
    const input = new ScaleReader(extrinsic);
    input.opaque();
    input.end();
    if (extrinsic.length <= MAX_EXTRINSIC_BYTES) return;
    throw new RangeError(`${extrinsic.length} bytes, at most ${MAX_EXTRINSIC_BYTES} fit a block`);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const meta = { reason: error.message, kind: 'invalid' };
    throw new TallyError('LEDGER_TRANSACTION_INVALID', meta, error);
  }
}
