import { ScaleReader } from '../scale.js';
import { orderedRoot } from '../trie/ordered-root.js';
import type { HostContext, HostFunctions } from './host-context.js';

/** Roots of lists (sp-io `trie`): the extrinsics root of a block. */
export function trieFunctions(host: HostContext): HostFunctions {
  const { memory } = host;
  return {
    ext_trie_blake2_256_ordered_root_version_2: (list: bigint, version: number) => {
      if (version !== 0 && version !== 1) throw new RangeError(`state version ${version}`);
      const input = new ScaleReader(memory.span(list).slice());
      return memory.put(
        orderedRoot(
          input.vector(() => input.opaque()),
          version,
        ),
      );
    },
  };
}
