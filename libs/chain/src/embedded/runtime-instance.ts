import { TallyError } from '@tallystick/kernel';
import type { SignatureCache } from './crypto/signature-cache.js';
import { type HostContext, hostFunctions } from './host-functions/index.js';
import { WasmMemory } from './memory.js';
import { Overlay } from './overlay.js';
import { Trie } from './trie/trie.js';

const KEPT_LOG_LINES = 20;
/** An instance that grew beyond this is not kept. */
const KEPT_BYTES = 64 * 1024 * 1024;

/** What an instance needs from the machine around it. */
export interface HostServices {
  readonly signatures: SignatureCache;
  readonly runtimeVersionOf: HostContext['runtimeVersionOf'];
}

/**
 * One living wasm instance. Creating one costs 1–2 ms, so it serves many calls: before each, everything below the heap
 * is restored and the heap emptied (0.1 ms), which makes the call indistinguishable from one on a fresh instance.
 */
export class RuntimeInstance implements HostContext {
  readonly memory: WasmMemory;
  readonly signatures: SignatureCache;
  readonly runtimeVersionOf: HostContext['runtimeVersionOf'];
  readonly #exports: Readonly<Record<string, unknown>>;
  readonly #pristine: Uint8Array;
  #log: string[] = [];
  #storage: Overlay = new Overlay(Trie.empty);
  #trapped = false;

  /** @param pages initial size of the imported memory. */
  constructor(module: WebAssembly.Module, pages: number, services: HostServices) {
    this.signatures = services.signatures;
    this.runtimeVersionOf = services.runtimeVersionOf;
    const memory = new WebAssembly.Memory({ initial: pages });
    this.memory = new WasmMemory(memory);
    const env = { memory, ...hostFunctions(this) };
    this.#exports = new WebAssembly.Instance(module, { env }).exports;
    this.#pristine = this.memory.openHeap(heapBase(this.#exports));
  }

  get storage(): Overlay {
    return this.#storage;
  }

  /** False after a trap, which leaves statics in the middle of things, and when the memory grew too large to keep. */
  get isReusable(): boolean {
    return !this.#trapped && this.memory.size <= KEPT_BYTES;
  }

  log(line: string): void {
    if (this.#log.length < KEPT_LOG_LINES) this.#log.push(line.slice(0, 500));
  }

  /**
   * Calls a runtime API with SCALE `args` on `storage`; returns SCALE bytes in a fresh buffer. A trap leaves the writes
   * made before it in `storage`, but no open transaction; throws LEDGER_RUNTIME_FAILED.
   */
  call(storage: Overlay, api: string, args: Uint8Array): Uint8Array {
    const entry = this.#exports[api];
    if (typeof entry !== 'function') {
      throw new TallyError('LEDGER_RUNTIME_FAILED', { call: api, reason: 'it has no such call' });
    }
    this.memory.reset(this.#pristine);
    this.#storage = storage;
    this.#log = [];
    const outer = storage.enter();
    try {
      const span: unknown = Reflect.apply(entry, undefined, [this.memory.put(args), args.length]);
      if (typeof span !== 'bigint') throw new RangeError('it returned no span');
      return this.memory.span(span).slice();
    } catch (error) {
      this.#trapped = true;
      const reason = [error instanceof Error ? error.message : String(error), ...this.#log];
      throw new TallyError(
        'LEDGER_RUNTIME_FAILED',
        { call: api, reason: reason.join('; ') },
        error,
      );
    } finally {
      storage.leave(outer);
    }
  }
}

function heapBase(exports: Readonly<Record<string, unknown>>): number {
  const global = exports['__heap_base'];
  const value = global instanceof WebAssembly.Global ? global.value : undefined;
  if (typeof value !== 'number') throw new RangeError('the wasm exports no __heap_base');
  return value;
}
