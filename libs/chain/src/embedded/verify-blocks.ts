import { setImmediate } from 'node:timers/promises';
import { type Hash, isTallyError } from '@tallystick/kernel';
import { ChainState } from './chain-state.js';
import { type BlockFault, BlockRefused, executeBlock } from './execute-block.js';
import { type Header, headerHash } from './header.js';
import { genesisBlock, type RawSpec } from './raw-spec.js';
import { codeHashOf, RuntimeCache } from './runtime.js';
import { ScaleReader } from './scale.js';
import { readSignedBlock } from './signed-block.js';
import type { Trie } from './trie/trie.js';

/** A block that was run again and agreed in every root. */
export interface VerifiedBlock {
  readonly number: number;
  readonly hash: Hash;
  readonly stateRoot: Hash;
  /** BLAKE2b-256 of the wasm it was run with: `:code` of its parent's state. */
  readonly codeHash: Hash;
}

/** The chain, after every block was run again. */
export interface VerifiedChain {
  readonly ok: true;
  readonly genesis: Hash;
  /** From block 1 on. */
  readonly blocks: readonly VerifiedBlock[];
  readonly head: { readonly number: number; readonly hash: Hash };
  /** The state after a block, genesis included; undefined for a hash that is not in the chain. */
  stateAt(hash: Hash): ChainState | undefined;
}

/** The first thing that does not hold. */
export interface ChainFinding {
  readonly ok: false;
  /** Number of the block by its place in the file. */
  readonly block: number;
  /** `encoding`: the bytes are no block; `runtime`: its code is unknown or cannot be run. */
  readonly what: BlockFault | 'encoding' | 'runtime';
  readonly reason: string;
}

export interface VerifyBlocksOptions {
  readonly spec: RawSpec;
  /** A file as `export-blocks --binary` writes it: count u64, then SignedBlocks from 1 on without justifications. */
  readonly blocks: Uint8Array;
  /** Code hashes of the runtimes that may be run. Nothing else is ever executed; undefined: any. */
  readonly knownRuntimes?: ReadonlySet<Hash>;
  /** Called after each block. */
  readonly onBlock?: (block: VerifiedBlock) => void;
  readonly signal?: AbortSignal;
}

/**
 * The auditor's first step: runs every block again from genesis, under the `:code` of its parent's state, and checks
 * parent links, Aura seals, extrinsics roots and state roots. A finding is a value; rejects only with
 * LEDGER_GENESIS_INVALID, or with the signal's reason. Takes 2–4 ms per block and 0.7 ms per transaction.
 */
export async function verifyBlocks(
  options: VerifyBlocksOptions,
): Promise<VerifiedChain | ChainFinding> {
  const verifier = new ChainVerifier(options);
  const input = new ScaleReader(options.blocks);
  try {
    const count = input.u64();
    while (BigInt(verifier.number) < count) {
      options.signal?.throwIfAborted();
      verifier.next(input);
      await setImmediate();
    }
    input.end();
    return verifier.result();
  } catch (error) {
    const block = verifier.number + 1;
    const reason = error instanceof Error ? error.message : '';
    if (error instanceof BlockRefused) return { ok: false, block, what: error.what, reason };
    if (error instanceof RuntimeUnknown || isTallyError(error, 'LEDGER_RUNTIME_FAILED')) {
      return { ok: false, block, what: 'runtime', reason };
    }
    if (error instanceof RangeError) return { ok: false, block, what: 'encoding', reason };
    throw error;
  }
}

class RuntimeUnknown extends Error {}

class ChainVerifier {
  readonly #options: VerifyBlocksOptions;
  readonly #runtimes = new RuntimeCache();
  readonly #states = new Map<Hash, Trie>();
  readonly #blocks: VerifiedBlock[] = [];
  readonly #genesis: Hash;
  #header: Header;
  #state: Trie;

  constructor(options: VerifyBlocksOptions) {
    this.#options = options;
    const genesis = genesisBlock(options.spec);
    this.#header = genesis.header;
    this.#state = genesis.state;
    this.#genesis = headerHash(genesis.header);
    this.#states.set(this.#genesis, genesis.state);
  }

  /** Number of the newest verified block. */
  get number(): number {
    return this.#header.number;
  }

  next(input: ScaleReader): void {
    const block = readSignedBlock(input);
    const code = this.#codeHash();
    const parent = { header: this.#header, state: this.#state };
    const state = executeBlock(parent, this.#runtimes.of(this.#state), block);
    const hash = headerHash(block.header);
    const { number, stateRoot } = block.header;
    const verified = { number, hash, stateRoot, codeHash: code };
    this.#header = block.header;
    this.#state = state;
    this.#states.set(hash, state);
    this.#blocks.push(verified);
    this.#options.onBlock?.(verified);
  }

  result(): VerifiedChain {
    return {
      ok: true,
      genesis: this.#genesis,
      blocks: this.#blocks,
      head: { number: this.number, hash: headerHash(this.#header) },
      stateAt: (hash) => {
        const state = this.#states.get(hash);
        return state && new ChainState(state, this.#runtimes);
      },
    };
  }

  /** Asked before anything is compiled: an exported chain is untrusted input, and so is the code inside. */
  #codeHash(): Hash {
    const hash = codeHashOf(this.#state);
    const { knownRuntimes } = this.#options;
    if (hash !== undefined && knownRuntimes?.has(hash) !== false) return hash;
    throw new RuntimeUnknown(`it runs code ${hash ?? 'none'}, which is not a known release`);
  }
}
