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
  readonly bootNodes: readonly never[];
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

/**
 * Reads a raw chain spec. Throws LEDGER_GENESIS_INVALID unless it holds exactly the fields of `RawSpec`: a substitute for
 * the code, a child trie or boot nodes would mean another chain to a Substrate node than to this host.
 */
export function parseRawSpec(text: string): RawSpec {
  try {
    const spec: unknown = JSON.parse(text);
    if (isRawSpec(spec)) return spec;
    throw new RangeError('it is not a raw chain spec of this host');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('LEDGER_GENESIS_INVALID', { reason }, error);
  }
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function isTexts(value: unknown): boolean {
  return isFields(value) && Object.values(value).every((item) => typeof item === 'string');
}

function isRawSpec(spec: unknown): spec is RawSpec {
  if (!isFields(spec)) return false;
  const raw = isFields(spec['genesis']) ? spec['genesis']['raw'] : undefined;
  const texts = [spec['name'], spec['id'], spec['protocolId']];
  return (
    texts.every((text) => typeof text === 'string') &&
    (spec['chainType'] === 'Development' || spec['chainType'] === 'Live') &&
    isEmpty(spec['bootNodes']) &&
    spec['telemetryEndpoints'] === null &&
    isFields(spec['properties']) &&
    isEmpty(spec['codeSubstitutes']) &&
    isFields(raw) &&
    isTexts(raw['top']) &&
    isEmpty(raw['childrenDefault'])
  );
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
