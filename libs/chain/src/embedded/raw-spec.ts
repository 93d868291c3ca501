import { type Hash, TallyError, ZERO_HASH } from '@tallystick/kernel';
import { type Header, headerHash } from './header.js';
import { fromHex0x, hashOf } from './hex.js';
import { CODE_KEY, keyText } from './storage-key.js';
import { Trie } from './trie/trie.js';

/** A raw chain spec: what a Substrate node takes with `--chain`, genesis state and wasm included. */
export interface RawSpec {
  readonly name: string;
  readonly id: string;
  readonly chainType: 'Development' | 'Live';
  readonly bootNodes: readonly string[];
  readonly telemetryEndpoints: null;
  readonly protocolId: string;
  readonly properties: Readonly<Record<string, string | number>>;
  readonly codeSubstitutes: Readonly<Record<string, never>>;
  readonly genesis: {
    readonly raw: {
      /** 0x-hex key → 0x-hex value. */
      readonly top: Readonly<Record<string, string>>;
      readonly childrenDefault: Readonly<Record<string, never>>;
    };
  };
}

/** Block 0: its state and its header. Throws LEDGER_GENESIS_INVALID on a key or value that is not hex. */
export function genesisBlock(spec: RawSpec): { readonly header: Header; readonly state: Trie } {
  try {
    const state = Object.entries(spec.genesis.raw.top).reduce(
      (trie, [key, value]) => trie.set(keyText(fromHex0x(key)), fromHex0x(value)),
      Trie.empty,
    );
    if (state.get(keyText(CODE_KEY)) === undefined) throw new RangeError('it holds no :code');
    const header = {
      parentHash: ZERO_HASH,
      number: 0,
      stateRoot: hashOf(state.root()),
      extrinsicsRoot: hashOf(Trie.empty.root()),
      digest: [],
    };
    return { header, state };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new TallyError('LEDGER_GENESIS_INVALID', { reason: error.message }, error);
  }
}

/** The chain's identity: hash of block 0, `chain` in every record. */
export function genesisHash(spec: RawSpec): Hash {
  return headerHash(genesisBlock(spec).header);
}
