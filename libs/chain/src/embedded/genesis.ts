import { concatBytes, TallyError, utf8 } from '@tallystick/kernel';
import { type ExactJson, formatExactJson, mergePatch, parseExactJson } from './exact-json.js';
import { toHex0x } from './hex.js';
import { Overlay } from './overlay.js';
import type { RawSpec } from './raw-spec.js';
import { type Runtime, RuntimeCache } from './runtime.js';
import { opaque, ScaleReader } from './scale.js';
import { CODE_KEY, keyBytes, keyText } from './storage-key.js';
import { Trie } from './trie/trie.js';

/** `deployment` for real ones; `development` has well-known keys and serves tests only. */
export type Preset = 'deployment' | 'development';

export interface GenesisOptions {
  /** The runtime, uncompressed. */
  readonly wasm: Uint8Array;
  readonly preset: Preset;
  /** JSON merge patch (RFC 7396) over the preset; amounts beyond 2^53 as bigint. */
  readonly patch?: ExactJson;
  /** For people. */
  readonly name: string;
  /** For machines. */
  readonly id: string;
}

/**
 * Builds the raw chain spec by asking the runtime itself: default genesis ← preset ← patch → state. The same file starts
 * the embedded host and a Substrate node. Throws LEDGER_GENESIS_INVALID with the runtime's own words.
 */
export async function buildGenesis(options: GenesisOptions): Promise<RawSpec> {
  const runtime = new RuntimeCache().compile(options.wasm);
  const patches = [getPreset(runtime, options.preset), options.patch ?? {}];
  const genesis = patches.reduce<ExactJson>(mergePatch, getPreset(runtime, undefined));
  const storage = new Overlay(Trie.empty);
  buildState(runtime, storage, formatExactJson(genesis));
  storage.set(keyText(CODE_KEY), options.wasm);
  return spec(options, storage);
}

function getPreset(runtime: Runtime, name: Preset | undefined): ExactJson {
  const id = name === undefined ? Uint8Array.of(0) : some(opaque(utf8(name)));
  const result = runtime.call(new Overlay(Trie.empty), 'GenesisBuilder_get_preset', id);
  const input = new ScaleReader(result);
  const json = input.option(() => input.opaque());
  if (json === undefined) {
    throw new TallyError('LEDGER_GENESIS_INVALID', { reason: `the runtime has no preset ${name}` });
  }
  return parseExactJson(new TextDecoder().decode(json));
}

function buildState(runtime: Runtime, storage: Overlay, json: string): void {
  const result = runtime.call(storage, 'GenesisBuilder_build_state', opaque(utf8(json)));
  if (result[0] === 0) return;
  const reason = new TextDecoder().decode(new ScaleReader(result.subarray(1)).opaque());
  throw new TallyError('LEDGER_GENESIS_INVALID', { reason });
}

function spec(options: GenesisOptions, storage: Overlay): RawSpec {
  const top = storage
    .changes()
    .flatMap(([key, value]) =>
      value === undefined ? [] : [[toHex0x(keyBytes(key)), toHex0x(value)] as const],
    );
  return {
    name: options.name,
    id: options.id,
    chainType: options.preset === 'development' ? 'Development' : 'Live',
    bootNodes: [],
    telemetryEndpoints: null,
    protocolId: 'tally',
    properties: { ss58Format: 42, tokenDecimals: 12, tokenSymbol: 'TALLY' },
    codeSubstitutes: {},
    genesis: { raw: { top: Object.fromEntries(top), childrenDefault: {} } },
  };
}

function some(encoded: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(1), encoded);
}
