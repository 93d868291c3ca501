import {
  keyText,
  ScaleReader,
  unsealHeader,
  verifyReadProof,
  verifySeal,
} from '@tallystick/chain/proof';
import { asPublicKey, type Hash, toHex, ZERO_HASH } from '@tallystick/kernel';
import type { BlockRef } from '@tallystick/rounds';
import { demandEqual, Mismatch } from '../findings.js';
import type { VerifiedChain } from '../history.js';
import { keyOf, type ReadState } from '../state/read-state.js';
import { callAll, type ChainRpc, type RpcRequest } from './chain-rpc.js';
import { bytesOf, type HeaderChain } from './header-chain.js';

/** Keys of one proof: what the coordinator's relay takes. */
export const MAX_KEYS = 256;
const AUTHORITIES = keyOf('Aura', 'Authorities');
const OPERATOR = 'chain operator';

/** Storage keys of the state after a block. */
export interface Wanted {
  readonly block: number;
  readonly keys: readonly Uint8Array[];
}

/**
 * A chain of which every header was hashed here and every value is proved against a state root. No block is executed: that
 * the states follow from the extrinsics is the word of the authorities that sealed them.
 */
export class ProvedChain implements VerifiedChain {
  /** Zeros when only the head is there. */
  readonly genesis: Hash;
  readonly head: BlockRef;
  readonly runtimes: readonly Hash[] = [];
  readonly #rpc: ChainRpc;
  readonly #chain: HeaderChain;
  readonly #states = new Map<number, Map<string, Uint8Array | undefined>>();
  /** Values that hold between two proved blocks, by key. */
  readonly #spans = new Map<string, (block: number) => Uint8Array | undefined>();

  constructor(rpc: ChainRpc, chain: HeaderChain) {
    this.#rpc = rpc;
    this.#chain = chain;
    const number = chain.hashes.length - 1;
    this.genesis = chain.hashes[0] ?? ZERO_HASH;
    this.head = { number, hash: hashAt(chain, number) };
  }

  hashOf(block: number): Hash | undefined {
    return this.#chain.hashes[block];
  }

  stateAt(block: number): ReadState {
    const state = this.#states.get(block);
    const isAbove = block > this.head.number;
    return (key) => {
      if (isAbove) return undefined;
      const text = keyText(key);
      if (state?.has(text) === true) return state.get(text);
      const span = this.#spans.get(text);
      if (span !== undefined) return span(block);
      throw new Error(`key ${toHex(key)} of block ${block} was read before it was proved`);
    };
  }

  /** True once the key is proved, present or absent. */
  isProved(block: number, key: Uint8Array): boolean {
    return this.#states.get(block)?.has(keyText(key)) === true;
  }

  /** Fetches and checks what is not proved yet; a proof that does not lead to its state root is a Mismatch. */
  async prove(wanted: readonly Wanted[]): Promise<void> {
    const missing = wanted.flatMap(({ block, keys }) => this.#missing(block, keys));
    const requests = missing.map(({ block, keys }): RpcRequest => {
      const hex = keys.map((key) => `0x${toHex(key)}`);
      return { method: 'state_getReadProof', params: [hex, `0x${this.hashOf(block)}`] };
    });
    const answers = await callAll(this.#rpc, requests);
    for (const [i, { block, keys }] of missing.entries()) this.#take(block, keys, answers[i]);
  }

  /** Lets `key` be read at every block by the newest of the `blocks` that is not above it; each must be proved. */
  span(key: Uint8Array, blocks: readonly number[]): void {
    const text = keyText(key);
    const known = blocks.toSorted((a, b) => a - b);
    this.#spans.set(text, (block) => {
      const at = known.findLast((candidate) => candidate <= block);
      return at === undefined ? undefined : this.#states.get(at)?.get(text);
    });
  }

  /** The seals of all blocks, by the authorities of genesis, which must still be those of the head. */
  async checkSeals(onProgress: (done: number, of: number) => void): Promise<void> {
    const { number } = this.head;
    await this.prove([0, number].map((block) => ({ block, keys: [AUTHORITIES] })));
    const first = this.stateAt(0)(AUTHORITIES) ?? new Uint8Array();
    const last = this.stateAt(number)(AUTHORITIES) ?? new Uint8Array();
    demandEqual(toHex(first), toHex(last), { record: 'authorities of the chain', by: OPERATOR });
    const keys = new ScaleReader(first);
    const authorities = keys.vector(() => asPublicKey(toHex(keys.take(32))));
    for (const [block, sealed] of this.#chain.headers.entries()) {
      if (block === 0) continue;
      try {
        const { header, seal } = unsealHeader(sealed);
        verifySeal(header, seal, { authorities });
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        const place = { record: `seal of block ${block}`, by: OPERATOR } as const;
        throw new Mismatch(place, { expected: 'an authority’s seal', found: error.message });
      }
      if (block % 64 === 0) onProgress(block, number);
    }
  }

  #missing(block: number, keys: readonly Uint8Array[]): Wanted[] {
    const state = this.#states.get(block);
    const left = new Map(keys.map((key) => [keyText(key), key]));
    for (const text of left.keys()) if (state?.has(text) === true) left.delete(text);
    const list = [...left.values()];
    return Array.from({ length: Math.ceil(list.length / MAX_KEYS) }, (_, i) => ({
      block,
      keys: list.slice(i * MAX_KEYS, (i + 1) * MAX_KEYS),
    }));
  }

  #take(block: number, keys: readonly Uint8Array[], answer: unknown): void {
    const place = { record: `state of block ${block}`, by: OPERATOR } as const;
    const stateRoot = this.#chain.headers[block]?.stateRoot;
    if (stateRoot === undefined) throw new RangeError(`there is no block ${block}`);
    const outcome = verifyReadProof(stateRoot, proofOf(answer, place), keys.map(keyText));
    if (!outcome.ok) {
      throw new Mismatch(place, { expected: 'a proof of what was read', found: outcome.reason });
    }
    const state = this.#states.get(block) ?? new Map<string, Uint8Array | undefined>();
    this.#states.set(block, state);
    for (const [i, key] of keys.entries()) state.set(keyText(key), outcome.values[i]);
  }
}

function proofOf(
  answer: unknown,
  place: { readonly record: string; readonly by: typeof OPERATOR },
): Uint8Array[] {
  try {
    const { proof } = answer as { readonly proof: readonly unknown[] }; // a wrong shape throws here
    return proof.map(bytesOf);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw new Mismatch(place, { expected: 'a read proof', found });
  }
}

function hashAt({ hashes }: HeaderChain, block: number): Hash {
  const hash = hashes[block];
  if (hash === undefined) throw new RangeError(`there is no block ${block}`);
  return hash;
}
