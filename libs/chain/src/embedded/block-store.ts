import { join } from 'node:path';
import { type Hash, TallyError } from '@tallystick/kernel';
import { BlockLog } from './block-log.js';
import type { NumberedBlock } from './chain-event.js';
import { checkExtrinsicsRoot, checkLinks, BlockRefused } from './execute-block.js';
import { headerHash } from './header.js';
import { hashOf } from './hex.js';
import type { LogRecord } from './log-record.js';
import { genesisBlock, type RawSpec } from './raw-spec.js';
import type { RuntimeCache } from './runtime.js';
import type { Block } from './signed-block.js';
import type { Trie } from './trie/trie.js';

/** States kept in memory beside genesis; a state costs what it changed. */
const KEPT_STATES = 256;

/** A block and the state after it. */
export interface StoredBlock extends NumberedBlock {
  readonly state: Trie;
}

/**
 * The chain as it stands: every block in the log, the newest ones with their states in memory. Opening it re-checks
 * links, extrinsics roots and state roots of the whole log; executing the blocks again is `verifyBlocks`' work.
 */
export class BlockStore {
  readonly #log: BlockLog;
  /** By number: genesis and the newest. */
  readonly #hot = new Map<number, StoredBlock>();
  readonly #hashes: Hash[] = [];
  readonly #numbers = new Map<Hash, number>();
  #head: StoredBlock;

  private constructor(log: BlockLog, genesis: StoredBlock) {
    this.#log = log;
    this.#head = genesis;
    this.#remember(genesis);
  }

  /** Throws LEDGER_WRONG_CHAIN, LEDGER_BLOCK_INVALID, LEDGER_GENESIS_INVALID. */
  static open(folder: string, spec: RawSpec, runtimes: RuntimeCache): BlockStore {
    const { header, state } = genesisBlock(spec);
    const genesis = { ...named({ header, extrinsics: [] }), state };
    const log = BlockLog.open(join(folder, 'blocks.log'), genesis.hash);
    const store = new BlockStore(log, genesis);
    try {
      for (const record of log.replay()) store.#remember(rechecked(store.head, record, runtimes));
      return store;
    } catch (error) {
      log.close();
      throw error;
    }
  }

  get head(): StoredBlock {
    return this.#head;
  }

  get genesis(): Hash {
    return this.hashOf(0);
  }

  /** Hash of block `number`. Throws LEDGER_BLOCK_UNKNOWN. */
  hashOf(number: number): Hash {
    const hash = this.#hashes[number];
    if (hash === undefined) throw new TallyError('LEDGER_BLOCK_UNKNOWN', { block: number });
    return hash;
  }

  /** The block, or undefined when there is none. */
  block(id: number | Hash): NumberedBlock | undefined {
    const number = typeof id === 'number' ? id : this.#numbers.get(id);
    if (number === undefined) return undefined;
    const block = this.#hot.get(number) ?? this.#log.read(number);
    return block && { ...named(block) };
  }

  /** The state after a block. Throws LEDGER_BLOCK_UNKNOWN, LEDGER_STATE_PRUNED. */
  state(hash: Hash): Trie {
    const number = this.#numbers.get(hash);
    if (number === undefined) throw new TallyError('LEDGER_BLOCK_UNKNOWN', { block: hash });
    const stored = this.#hot.get(number);
    if (stored !== undefined) return stored.state;
    throw new TallyError('LEDGER_STATE_PRUNED', { block: number, kept: KEPT_STATES });
  }

  /** Makes a block durable, then the head. Throws STORE_DISK_FULL. */
  append(block: Block, changes: LogRecord['changes'], state: Trie): StoredBlock {
    this.#log.append({ block, changes });
    const stored = { ...named(block), state };
    this.#remember(stored);
    return stored;
  }

  close(): void {
    this.#log.close();
  }

  #remember(block: StoredBlock): void {
    this.#head = block;
    this.#hashes.push(block.hash);
    this.#numbers.set(block.hash, block.number);
    this.#hot.set(block.number, block);
    if (block.number > KEPT_STATES) this.#hot.delete(block.number - KEPT_STATES);
  }
}

function named(block: Block): NumberedBlock {
  const { extrinsics, header } = block;
  return { number: header.number, hash: headerHash(header), header, extrinsics };
}

function rechecked(parent: StoredBlock, record: LogRecord, runtimes: RuntimeCache): StoredBlock {
  const { block, changes } = record;
  try {
    checkLinks(parent, block.header);
    checkExtrinsicsRoot(runtimes.of(parent.state), block);
    const state = changes.reduce(
      (trie, [key, value]) => (value === undefined ? trie.delete(key) : trie.set(key, value)),
      parent.state,
    );
    if (hashOf(state.root()) !== block.header.stateRoot) {
      throw new BlockRefused('stateRoot', 'what it wrote does not give its state root');
    }
    return { ...named(block), state };
  } catch (error) {
    if (!(error instanceof BlockRefused)) throw error;
    const meta = { block: parent.number + 1, reason: error.message };
    throw new TallyError('LEDGER_BLOCK_INVALID', meta, error);
  }
}
