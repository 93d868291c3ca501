import { type Hash, TallyError } from '@tallystick/kernel';
import { SignatureCache } from './crypto/signature-cache.js';
import { hashOf } from './hex.js';
import { ALLOWED_IMPORTS } from './host-functions/index.js';
import { Overlay } from './overlay.js';
import { type HostServices, RuntimeInstance } from './runtime-instance.js';
import { decodeRuntimeVersion, type RuntimeVersion } from './runtime-version.js';
import { CODE_KEY, keyText } from './storage-key.js';
import { Trie } from './trie/trie.js';
import { wasmImports } from './wasm-imports.js';

const CODE = keyText(CODE_KEY);
/** One for the block, one for a call in between. */
const IDLE_INSTANCES = 2;
const NO_ARGUMENTS = new Uint8Array();

/** A compiled runtime. Instances are kept between calls; see RuntimeInstance for why that is exact. */
export class Runtime {
  readonly version: RuntimeVersion;
  /** SCALE bytes of `version`. */
  readonly versionBytes: Uint8Array;
  readonly #module: WebAssembly.Module;
  readonly #pages: number;
  readonly #services: HostServices;
  readonly #idle: RuntimeInstance[] = [];

  /** Throws LEDGER_RUNTIME_FAILED when `code` is not a runtime this host can run. */
  constructor(code: Uint8Array, services: HostServices) {
    this.#services = services;
    try {
      this.#pages = memoryPages(code);
      this.#module = new WebAssembly.Module(code);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new TallyError('LEDGER_RUNTIME_FAILED', { call: 'compile', reason }, error);
    }
    this.versionBytes = this.call(new Overlay(Trie.empty), 'Core_version');
    this.version = decodeRuntimeVersion(this.versionBytes);
  }

  /** See RuntimeInstance.call. */
  call(storage: Overlay, api: string, args: Uint8Array = NO_ARGUMENTS): Uint8Array {
    const instance =
      this.#idle.pop() ?? new RuntimeInstance(this.#module, this.#pages, this.#services);
    try {
      return instance.call(storage, api, args);
    } finally {
      if (instance.isReusable && this.#idle.length < IDLE_INSTANCES) this.#idle.push(instance);
    }
  }
}

/**
 * BLAKE2b-256 of a state's `:code`, by which Substrate and the released manifest (`codeHash`) name a runtime; undefined
 * when it holds none. The trie needs the same hash (1.2 MB take 25 ms), so it is computed once.
 */
export function codeHashOf(state: Trie): Hash | undefined {
  const hash = state.valueHash(CODE);
  return hash && hashOf(hash);
}

function memoryPages(code: Uint8Array): number {
  const imports = wasmImports(code);
  const foreign = imports.find(
    ({ module, name }) => module !== 'env' || !ALLOWED_IMPORTS.has(name),
  );
  if (foreign !== undefined) {
    throw new RangeError(`it imports ${foreign.module}.${foreign.name}, which this host lacks`);
  }
  const memory = imports.find(({ kind }) => kind === 'memory');
  if (memory?.pages === undefined) throw new RangeError('it does not import its memory');
  return memory.pages;
}

/** Compiles each `:code` value once, for as long as some state holds it; all runtimes share one signature cache. */
export class RuntimeCache {
  readonly #compiled = new WeakMap<Uint8Array, Runtime>();
  readonly #services: HostServices;

  constructor() {
    this.#services = {
      signatures: new SignatureCache(),
      runtimeVersionOf: (code) => this.#versionOf(code),
    };
  }

  /** The runtime a state is run with. */
  of(state: Trie): Runtime {
    const code = state.get(CODE);
    if (code === undefined) {
      throw new TallyError('LEDGER_RUNTIME_FAILED', { call: 'compile', reason: 'no :code' });
    }
    return this.compile(code);
  }

  /** @param code kept as the key of the cache; must not be changed. */
  compile(code: Uint8Array): Runtime {
    let runtime = this.#compiled.get(code);
    if (runtime === undefined) {
      runtime = new Runtime(code, this.#services);
      this.#compiled.set(code, runtime);
    }
    return runtime;
  }

  /** A candidate asked for its version may not ask the host for another one's: that ends a chain of forged codes. */
  #versionOf(code: Uint8Array): Uint8Array | undefined {
    try {
      return new Runtime(code, { ...this.#services, runtimeVersionOf: () => undefined })
        .versionBytes;
    } catch {
      return undefined;
    }
  }
}
