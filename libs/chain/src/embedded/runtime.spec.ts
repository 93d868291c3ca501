import { TallyError, toHex } from '@tallystick/kernel';
import { beforeAll, describe, expect, test } from 'vitest';
import { SignatureCache } from './crypto/signature-cache.js';
import { ALLOWED_IMPORTS, hostFunctions } from './host-functions/index.js';
import { WasmMemory } from './memory.js';
import { Overlay } from './overlay.js';
import { genesisBlock } from './raw-spec.js';
import { Runtime, RuntimeCache } from './runtime.js';
import { developmentSpec, releasedWasm } from '../testing/development-chain.js';
import { wasmModule } from '../testing/wasm-module.js';
import { Trie } from './trie/trie.js';
import { wasmImports } from './wasm-imports.js';

const SERVICES = { signatures: new SignatureCache(), runtimeVersionOf: () => undefined };

describe('the runtime host', () => {
  let wasm: Uint8Array;

  beforeAll(async () => {
    wasm = await releasedWasm();
  });

  test('the allow-list is the host functions and the memory, 33 in all; the release stays inside', () => {
    const memory = new WasmMemory(new WebAssembly.Memory({ initial: 1 }));
    const host = {
      ...SERVICES,
      memory,
      storage: new Overlay(Trie.empty),
      log: () => undefined,
    };
    const names = ['memory', ...Object.keys(hostFunctions(host))].sort();
    expect(names).toEqual([...ALLOWED_IMPORTS].sort());
    expect(names).toHaveLength(33);
    const imports = wasmImports(wasm);
    expect(imports.filter(({ name }) => !ALLOWED_IMPORTS.has(name))).toEqual([]);
    expect(imports.find(({ kind }) => kind === 'memory')?.pages).toBeGreaterThan(16);
  });

  test('refuses foreign imports, a module without memory, and what is no wasm', () => {
    const memory = { module: 'env', name: 'memory', pages: 300 };
    expect(wasmImports(wasmModule([memory]))).toEqual([{ ...memory, kind: 'memory' }]);
    const cases: [Uint8Array, string][] = [
      [
        wasmModule([memory, { module: 'env', name: 'ext_offchain_sleep_until_version_1' }]),
        'env.ext_offchain_sleep_until_version_1',
      ],
      [wasmModule([memory, { module: 'wasi', name: 'memory' }]), 'wasi.memory'],
      [wasmModule([]), 'does not import its memory'],
      [wasm.subarray(0, 500), 'cut short'],
      [Uint8Array.from([0x52, 0xbc, 0x53, 0x76, 0x46, 0xdb, 0x8e, 0x05]), 'uncompressed'],
    ];
    for (const [code, reason] of cases) {
      const make = (): Runtime => new Runtime(code, SERVICES);
      expect(make).toThrow(reason);
      expect(make).toThrow(TallyError);
    }
  });

  test('a call on a used instance gives what one on a fresh instance gives', async () => {
    const { state } = genesisBlock(await developmentSpec());
    const shared = new RuntimeCache().of(state);
    const calls: [string, Uint8Array][] = [
      ['Core_version', new Uint8Array()],
      ['Metadata_metadata', new Uint8Array()],
      ['AuraApi_slot_duration', new Uint8Array()],
      ['GenesisBuilder_get_preset', Uint8Array.of(0)],
      ['Metadata_metadata_at_version', Uint8Array.of(15, 0, 0, 0)],
    ];
    for (const [api, args] of [...calls, ...calls]) {
      const fresh = new Runtime(wasm, SERVICES).call(new Overlay(state), api, args);
      expect(toHex(shared.call(new Overlay(state), api, args))).toBe(toHex(fresh));
    }
  });

  test('a trap names the call and the panic, leaves no transaction open, and the next call works', async () => {
    const { state } = genesisBlock(await developmentSpec());
    const runtime = new RuntimeCache().of(state);
    const storage = new Overlay(state);
    storage.begin();
    storage.set('host', Uint8Array.of(1));
    expect(() => runtime.call(storage, 'Core_execute_block', new Uint8Array(3))).toThrow(
      /Core_execute_block failed/,
    );
    expect(() => runtime.call(storage, 'Core_nothing')).toThrow(/no such call/);
    expect(storage.get('host')).toBeDefined();
    storage.rollback();
    expect(runtime.call(storage, 'Core_version').length).toBeGreaterThan(40);
  });
});
