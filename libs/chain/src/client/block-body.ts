import type { WsProvider } from '@polkadot/api';
import type { Hash } from '@tallystick/kernel';
import { objectAt, stringAt } from './json.js';

/** The part of a connection that is asked. */
export type BlockSource = Pick<WsProvider, 'send'>;

/**
 * The extrinsics of a block, each as 0x-prefixed hex. Only the block is read: nodes keep blocks for ever but the states of
 * the newest 256 alone, and the `getBlock` of polkadot-js asks the state which runtime made the block.
 */
export async function extrinsicsOf(source: BlockSource, hash: Hash): Promise<readonly string[]> {
  const answer = objectAt(await source.send('chain_getBlock', [`0x${hash}`]), 'chain_getBlock');
  const { extrinsics } = objectAt(answer['block'], 'block');
  if (!Array.isArray(extrinsics)) return [];
  const list: readonly unknown[] = extrinsics;
  return list.map((extrinsic) => stringAt({ extrinsic }, 'extrinsic'));
}

/** What a node says of a block whose state it no longer keeps. */
const DISCARDED = /State already discarded/;

/** Whether a request failed because the node has forgotten the block's state. */
export function isStateDiscarded(error: unknown): boolean {
  return error instanceof Error && DISCARDED.test(error.message);
}
