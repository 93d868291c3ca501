import type { SignatureCache } from '../crypto/signature-cache.js';
import type { WasmMemory } from '../memory.js';
import type { Overlay } from '../overlay.js';

/** What a host function reaches: the instance's memory, the storage of the call in progress, and the host's services. */
export interface HostContext {
  readonly memory: WasmMemory;
  readonly storage: Overlay;
  readonly signatures: SignatureCache;
  /** A line of the runtime's log; kept to explain a trap. */
  log(line: string): void;
  /** SCALE bytes of the RuntimeVersion of another wasm, or undefined when it is no runtime for this host. */
  runtimeVersionOf(code: Uint8Array): Uint8Array | undefined;
}

/** wasm i32 ↔ number, i64 ↔ bigint. */
export type HostFunction = (...args: never[]) => number | bigint | void;

/** Host functions by import name. */
export type HostFunctions = Readonly<Record<string, HostFunction>>;
