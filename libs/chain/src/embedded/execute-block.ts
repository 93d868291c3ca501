import { isTallyError } from '@tallystick/kernel';
import { auraAuthorities, unsealHeader, verifySeal } from './aura.js';
import { type Header, headerHash } from './header.js';
import { hashOf } from './hex.js';
import { Overlay } from './overlay.js';
import type { Runtime } from './runtime.js';
import { extrinsicsRootVersion } from './runtime-version.js';
import { type Block, encodeBlock } from './signed-block.js';
import { orderedRoot } from './trie/ordered-root.js';
import type { Trie } from './trie/trie.js';

/** The part of a block that is wrong. */
export type BlockFault =
  'number' | 'parent' | 'seal' | 'extrinsicsRoot' | 'execution' | 'stateRoot';

/** A block that does not follow from its parent. */
export class BlockRefused extends Error {
  readonly what: BlockFault;

  constructor(what: BlockFault, reason: string) {
    super(reason);
    this.name = 'BlockRefused';
    this.what = what;
  }
}

/** Where a block stands: its parent's header and the state after it. */
export interface Parent {
  readonly header: Header;
  readonly state: Trie;
}

/**
 * Judges a block by running it: links, seal, extrinsics root, then `Core_execute_block` on the parent's state with the
 * parent's runtime. Returns the state after it; throws BlockRefused.
 */
export function executeBlock(parent: Parent, runtime: Runtime, block: Block): Trie {
  checkLinks(parent, block.header);
  const unsealed = checkSeal(parent.state, block.header);
  checkExtrinsicsRoot(runtime, block);
  return run(parent.state, runtime, { ...block, header: unsealed });
}

/** Throws BlockRefused unless the header follows the parent. */
export function checkLinks(parent: Parent, header: Header): void {
  if (header.number !== parent.header.number + 1) {
    throw new BlockRefused('number', `it follows block ${parent.header.number}`);
  }
  const parentHash = headerHash(parent.header);
  if (header.parentHash !== parentHash) {
    throw new BlockRefused(
      'parent',
      `its parent is ${parentHash}, its header says ${header.parentHash}`,
    );
  }
}

/** Throws BlockRefused unless the header holds the root of the extrinsics. */
export function checkExtrinsicsRoot(runtime: Runtime, block: Block): void {
  const root = hashOf(orderedRoot(block.extrinsics, extrinsicsRootVersion(runtime.version)));
  if (root === block.header.extrinsicsRoot) return;
  throw new BlockRefused(
    'extrinsicsRoot',
    `its extrinsics have root ${root}, its header says ${block.header.extrinsicsRoot}`,
  );
}

function checkSeal(state: Trie, header: Header): Header {
  try {
    const unsealed = unsealHeader(header);
    verifySeal(unsealed.header, unsealed.seal, { authorities: auraAuthorities(state) });
    return unsealed.header;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new BlockRefused('seal', error.message);
  }
}

/** A trap says only that something is wrong; the root of what was written tells a wrong state root from the rest. */
function run(state: Trie, runtime: Runtime, block: Block): Trie {
  const storage = new Overlay(state);
  let trap: string | undefined;
  try {
    runtime.call(storage, 'Core_execute_block', encodeBlock(block));
  } catch (error) {
    if (!isTallyError(error, 'LEDGER_RUNTIME_FAILED')) throw error;
    trap = error.message;
  }
  if (trap !== undefined && !trap.includes('Storage root'))
    throw new BlockRefused('execution', trap);
  const root = hashOf(storage.trie().root());
  if (trap === undefined && root === block.header.stateRoot) return storage.trie();
  throw new BlockRefused(
    'stateRoot',
    `running it gives state root ${root}, its header says ${block.header.stateRoot}`,
  );
}
