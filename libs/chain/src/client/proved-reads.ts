import { asHash, fromHex, type Hash, TallyError, toHex } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { type Header, headerHash } from '../embedded/header.js';
import { opaque } from '../embedded/scale.js';
import { keyText } from '../embedded/storage-key.js';
import { orderedRoot } from '../embedded/trie/ordered-root.js';
import { type ProofOutcome, verifyMapProof, verifyReadProof } from '../embedded/trie/read-proof.js';
import { headerOf, hexList } from './header-json.js';
import { isKnownMetadata } from './known-metadata.js';
import { objectAt } from './json.js';

/** Keys of one proof; the embedded chain lists at most 1,000. */
const MAX_KEYS = 512;
/** Headers that are kept: a round reads the newest block and the one its cohort was drawn at. */
const KEPT_HEADERS = 64;

/** One JSON-RPC request to a chain node that is not believed. */
export type Ask = (method: string, params: readonly unknown[]) => Promise<unknown>;

/** How proofs are checked. */
export interface ProofChecks {
  readonly values: typeof verifyReadProof;
  readonly maps: typeof verifyMapProof;
}

const CHECKS: ProofChecks = { values: verifyReadProof, maps: verifyMapProof };

/**
 * What a chain node says, as far as its blocks bear it out: a header has the hash under which it was asked for, the
 * extrinsics of a block are those of its header, every value of the state comes with a proof that leads to the header's
 * state root, and the metadata are those of a released runtime. A question without such an answer is not asked. Rejects
 * with LEDGER_UNPROVED when the answer is another one. Which block is the finalised one remains the node's word.
 */
export class ProvedReads {
  readonly #url: string;
  readonly #ask: Ask;
  readonly #checks: ProofChecks;
  readonly #headers = new Map<Hash, Promise<Header>>();

  constructor(url: string, ask: Ask, checks: ProofChecks = CHECKS) {
    this.#url = url;
    this.#ask = ask;
    this.#checks = checks;
  }

  /** The answer to a request of JSON-RPC, in its form. */
  async answer(method: string, params: readonly unknown[]): Promise<unknown> {
    switch (method) {
      case 'state_getStorage':
      case 'state_getStorageAt': {
        const [value] = await this.#hexValues(blockIn(method, params[1]), [String(params[0])]);
        return value ?? null;
      }
      case 'state_queryStorageAt':
        return this.#changes(blockIn(method, params[1]), listOf(params[0]));
      case 'chain_getHeader':
        return params[0] === undefined ? this.#ask(method, params) : this.#headerJson(params);
      case 'chain_getBlock':
        return this.#block(params);
      case 'state_getMetadata':
      case 'state_call':
      case 'state_callAt':
        return this.#metadata(method, params);
      case 'state_subscribeStorage':
      case 'state_getStorageHash':
      case 'state_getStorageSize':
      case 'state_getKeys':
      case 'state_getKeysPaged':
      case 'state_getPairs':
        throw notAsked(method);
      default:
        return this.#ask(method, params);
    }
  }

  /**
   * For each key prefix, what stands for everything below it in the state after block `at`: the same text at two blocks
   * means the same keys and values. Undefined: nothing is there.
   */
  mapRoots(at: Hash, prefixes: readonly Uint8Array[]): Promise<readonly (string | undefined)[]> {
    return this.#proved(at, prefixes.map(hexOf), this.#checks.maps);
  }

  /** The values at storage keys after block `at`; undefined: there is none. */
  values(at: Hash, keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#proved(at, keys.map(hexOf), this.#checks.values);
  }

  /** The header of block `at`. */
  header(at: Hash): Promise<Header> {
    const known = this.#headers.get(at);
    if (known !== undefined) return known;
    const read = this.#read(at);
    read.catch(() => this.#headers.delete(at)); // asked again next time
    const [oldest] = this.#headers.size >= KEPT_HEADERS ? this.#headers.keys() : [];
    if (oldest !== undefined) this.#headers.delete(oldest);
    this.#headers.set(at, read);
    return read;
  }

  async #read(at: Hash): Promise<Header> {
    const json = await this.#ask('chain_getHeader', [`0x${at}`]);
    return this.#checkedHeader(at, json);
  }

  #checkedHeader(at: Hash, json: unknown): Header {
    const what = `header of block ${at}`;
    if (json === null) throw new TallyError('LEDGER_BLOCK_UNKNOWN', { block: at });
    const header = this.#decoded(what, () => headerOf(objectAt(json, what)));
    const got = headerHash(header);
    if (got !== at) throw this.#unproved(what, `the hash of what came is ${got}`);
    return header;
  }

  async #headerJson(params: readonly unknown[]): Promise<unknown> {
    const json = await this.#ask('chain_getHeader', params);
    this.#checkedHeader(hashOf(params[0]), json);
    return json;
  }

  async #block(params: readonly unknown[]): Promise<unknown> {
    const at = blockIn('chain_getBlock', params[0]);
    const json = await this.#ask('chain_getBlock', params);
    if (json === null) throw new TallyError('LEDGER_BLOCK_UNKNOWN', { block: at });
    const what = `block ${at}`;
    const block = objectAt(objectAt(json, what)['block'], what);
    const { extrinsicsRoot } = this.#checkedHeader(at, block['header']);
    const extrinsics = this.#decoded(what, () => hexList(block['extrinsics']));
    // a runtime says which of the two versions it uses; each binds every byte
    const isBound = ([0, 1] as const).some(
      (version) => toHex(orderedRoot(extrinsics, version)) === extrinsicsRoot,
    );
    if (!isBound) throw this.#unproved(what, 'its extrinsics are not those of its header');
    return json;
  }

  async #changes(at: Hash, keys: readonly string[]): Promise<unknown> {
    const values = await this.#hexValues(at, keys);
    return [{ block: `0x${at}`, changes: keys.map((key, i) => [key, values[i] ?? null]) }];
  }

  async #hexValues(at: Hash, keys: readonly string[]): Promise<(string | undefined)[]> {
    const values = await this.#proved(at, keys, this.#checks.values);
    return values.map((bytes) => bytes && hexOf(bytes));
  }

  async #proved<T>(
    at: Hash,
    keys: readonly string[],
    check: (root: Hash, proof: readonly Uint8Array[], keys: readonly string[]) => ProofOutcome<T>,
  ): Promise<(T | undefined)[]> {
    const { stateRoot } = await this.header(at);
    const values: (T | undefined)[] = [];
    for (let from = 0; from < keys.length; from += MAX_KEYS) {
      const some = [...new Set(keys.slice(from, from + MAX_KEYS))];
      const what = `state of block ${at}`;
      const answer = await this.#ask('state_getReadProof', [some, `0x${at}`]);
      const proof = this.#decoded(what, () => hexList(objectAt(answer, what)['proof']));
      const texts = some.map((key) => keyText(fromHex(key.replace(/^0x/, ''))));
      const outcome = check(stateRoot, proof, texts);
      if (!outcome.ok) throw this.#unproved(what, outcome.reason);
      const byKey = new Map(some.map((key, i) => [key, outcome.values[i]]));
      values.push(...keys.slice(from, from + MAX_KEYS).map((key) => byKey.get(key)));
    }
    return values;
  }

  /** The calls and types of the runtime: signed transactions and read values are made with them. */
  async #metadata(method: string, params: readonly unknown[]): Promise<unknown> {
    const name = method === 'state_getMetadata' ? method : String(params[0]);
    if (method !== 'state_getMetadata' && !name.startsWith('Metadata_')) throw notAsked(name);
    const answer = await this.#ask(method, params);
    if (name === 'Metadata_metadata_versions') return answer; // says only which one is asked for next
    const bytes = this.#decoded(name, () => fromHex(String(answer).replace(/^0x/, '')));
    const got = sha256(method === 'state_getMetadata' ? opaque(bytes) : bytes);
    if (isKnownMetadata(got)) return answer;
    throw new TallyError('LEDGER_RUNTIME_UNKNOWN', { url: this.#url, metadata: got });
  }

  #decoded<T>(what: string, decode: () => T): T {
    try {
      return decode();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw this.#unproved(what, reason);
    }
  }

  #unproved(what: string, reason: string): TallyError {
    return new TallyError('LEDGER_UNPROVED', { url: this.#url, what, reason });
  }
}

/** A question whose answer nothing could prove: a mistake of this program. */
function notAsked(method: string): TallyError {
  const reason = 'its answer cannot be proved, so it is not asked';
  return new TallyError('LEDGER_RUNTIME_FAILED', { call: method, reason });
}

function blockIn(method: string, at: unknown): Hash {
  if (at === undefined || at === null) throw notAsked(`${method} without a block`);
  return hashOf(at);
}

function hashOf(value: unknown): Hash {
  return asHash(String(value).replace(/^0x/, ''));
}

function hexOf(bytes: Uint8Array): string {
  return `0x${toHex(bytes)}`;
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
