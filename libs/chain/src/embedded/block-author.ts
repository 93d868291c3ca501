import {
  concatBytes,
  isTallyError,
  type Signer,
  TallyError,
  utf8,
  ZERO_HASH,
} from '@tallystick/kernel';
import { auraAuthorities, auraPreDigest, sealHeader } from './aura.js';
import type { Parent } from './execute-block.js';
import { encodeHeader, type Header, headerHash, readHeader } from './header.js';
import { Overlay } from './overlay.js';
import type { Runtime } from './runtime.js';
import { compact, littleEndian, opaque, ScaleReader } from './scale.js';
import type { Block } from './signed-block.js';
import { keyText, storageKey } from './storage-key.js';
import type { Offered, PooledTransaction, TransactionPool } from './transaction-pool.js';
import { decodeApplyResult } from './transaction-validity.js';
import type { Trie } from './trie/trie.js';

const TIMESTAMP = keyText(storageKey('Timestamp', 'Now'));

/** A sealed block that is in no log yet. */
export interface BlockDraft extends Block {
  readonly state: Trie;
  /** What it wrote, by key text, ascending; undefined: deleted. */
  readonly changes: readonly (readonly [key: string, value: Uint8Array | undefined])[];
  readonly included: readonly PooledTransaction[];
  /** A transaction that may fit into the next block did not fit: a block that begins a session is full from its start. */
  readonly isFull: boolean;
  readonly dropped: readonly { readonly transaction: PooledTransaction; readonly reason: string }[];
}

export interface AuthorOptions {
  readonly parent: Parent;
  readonly runtime: Runtime;
  readonly pool: TransactionPool;
  readonly authority: Signer;
  readonly nowMs: number;
}

/**
 * Builds and seals the block after `parent` from inherents (timestamp; the slot follows from it) and ready transactions.
 * Block time never runs back and may stand still. Throws LEDGER_NOT_AUTHORITY, LEDGER_RUNTIME_FAILED.
 */
export function authorBlock(options: AuthorOptions): BlockDraft {
  const { authority, parent, pool, runtime } = options;
  const timeMs = blockTimeMs(parent.state, options.nowMs);
  const slot = BigInt(timeMs) / slotDurationMs(parent.state, runtime);
  checkAuthority(parent.state, slot, authority);
  const storage = new Overlay(parent.state);
  runtime.call(storage, 'Core_initialize_block', encodeHeader(openHeader(parent, slot)));
  const inherents = applyInherents(storage, runtime, inherentData(slot, timeMs));
  const body = new BlockBody(storage, runtime, pool);
  pool.offer((transaction) => body.put(transaction));
  const finalized = runtime.call(storage, 'BlockBuilder_finalize_block');
  return {
    header: sealHeader(readHeader(new ScaleReader(finalized)), authority),
    extrinsics: [...inherents, ...body.included.map(({ extrinsic }) => extrinsic)],
    state: storage.trie(),
    changes: storage.changes(),
    included: body.included,
    isFull: body.isFull,
    dropped: body.dropped,
  };
}

function blockTimeMs(state: Trie, nowMs: number): number {
  const last = state.get(TIMESTAMP);
  return Math.max(nowMs, last === undefined ? 0 : Number(new ScaleReader(last).u64()));
}

function slotDurationMs(state: Trie, runtime: Runtime): bigint {
  return new ScaleReader(runtime.call(new Overlay(state), 'AuraApi_slot_duration')).u64();
}

function checkAuthority(state: Trie, slot: bigint, author: Signer): void {
  const authorities = auraAuthorities(state);
  const authority = authorities[Number(slot % BigInt(Math.max(1, authorities.length)))];
  if (authority === author.key) return;
  throw new TallyError('LEDGER_NOT_AUTHORITY', {
    key: author.key,
    authority: authority ?? 'nobody',
  });
}

function openHeader(parent: Parent, slot: bigint): Header {
  return {
    parentHash: headerHash(parent.header),
    number: parent.header.number + 1,
    stateRoot: ZERO_HASH,
    extrinsicsRoot: ZERO_HASH,
    digest: [auraPreDigest(slot)],
  };
}

/** SCALE `InherentData`: a map from 8-letter names to encoded values, ascending. */
function inherentData(slot: bigint, timeMs: number): Uint8Array {
  const entry = (name: string, value: bigint | number): Uint8Array =>
    concatBytes(utf8(name), opaque(littleEndian(value, 8)));
  return concatBytes(compact(2), entry('auraslot', slot), entry('timstap0', timeMs));
}

function applyInherents(storage: Overlay, runtime: Runtime, data: Uint8Array): Uint8Array[] {
  const made = runtime.call(storage, 'BlockBuilder_inherent_extrinsics', data);
  const input = new ScaleReader(made);
  const inherents = input.vector(() => input.prefixed());
  for (const inherent of inherents) {
    const fault = apply(storage, runtime, inherent);
    if (fault === undefined) continue;
    throw new TallyError('LEDGER_RUNTIME_FAILED', { call: 'inherent', reason: fault.reason });
  }
  return inherents;
}

function apply(
  storage: Overlay,
  runtime: Runtime,
  extrinsic: Uint8Array,
): ReturnType<typeof decodeApplyResult> {
  return decodeApplyResult(runtime.call(storage, 'BlockBuilder_apply_extrinsic', extrinsic));
}

/** The transactions of a block under construction. */
class BlockBody {
  readonly included: PooledTransaction[] = [];
  readonly dropped: { transaction: PooledTransaction; reason: string }[] = [];
  isFull = false;
  readonly #storage: Overlay;
  readonly #runtime: Runtime;
  readonly #pool: TransactionPool;

  constructor(storage: Overlay, runtime: Runtime, pool: TransactionPool) {
    this.#storage = storage;
    this.#runtime = runtime;
    this.#pool = pool;
  }

  /** Applies one transaction; one that fails to apply, or makes the runtime trap, leaves no trace in the block. */
  put(transaction: PooledTransaction): Offered {
    this.#storage.begin();
    const fault = this.#fault(transaction.extrinsic);
    if (fault === undefined) {
      this.#storage.commit();
      this.included.push(transaction);
      return 'included';
    }
    this.#storage.rollback();
    if (fault.isBlockFull && (this.included.length > 0 || this.#pool.postpone(transaction.hash))) {
      this.isFull = true;
      return 'blockFull';
    }
    if (fault.isFuture) return 'kept';
    this.dropped.push({ transaction, reason: fault.reason });
    return 'dropped';
  }

  #fault(extrinsic: Uint8Array): ReturnType<typeof decodeApplyResult> {
    try {
      return apply(this.#storage, this.#runtime, extrinsic);
    } catch (error) {
      if (!isTallyError(error, 'LEDGER_RUNTIME_FAILED')) throw error;
      return { kind: 'unknown', reason: error.message, isBlockFull: false, isFuture: false };
    }
  }
}
