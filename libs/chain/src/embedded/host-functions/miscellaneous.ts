import { concatBytes, toHex } from '@tallystick/kernel';
import { opaque } from '../scale.js';
import type { HostContext, HostFunctions } from './host-context.js';

/** `log::LevelFilter::Warn`: what the runtime itself bothers to send. */
const MAX_LOG_LEVEL = 2;

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Heap, log, prints and the version of another wasm (sp-io `allocator`, `logging`, `misc`). */
export function miscellaneousFunctions(host: HostContext): HostFunctions {
  const { memory } = host;
  return {
    ext_allocator_malloc_version_1: (length: number) => memory.allocate(length >>> 0),
    ext_allocator_free_version_1: (pointer: number) => memory.free(pointer),
    ext_logging_max_level_version_1: () => MAX_LOG_LEVEL,
    ext_logging_log_version_1: (_level: number, target: bigint, message: bigint) =>
      host.log(`${text(memory.span(target))}: ${text(memory.span(message))}`),
    ext_misc_print_utf8_version_1: (data: bigint) => host.log(text(memory.span(data))),
    ext_misc_print_hex_version_1: (data: bigint) => host.log(toHex(memory.span(data))),
    ext_misc_runtime_version_version_1: (code: bigint) => {
      const version = host.runtimeVersionOf(memory.span(code).slice());
      return memory.putSpan(
        version === undefined ? Uint8Array.of(0) : concatBytes(Uint8Array.of(1), opaque(version)),
      );
    },
  };
}
