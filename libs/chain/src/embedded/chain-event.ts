import type { Hash } from '@tallystick/kernel';
import type { Block } from './signed-block.js';

/** A block with its name. */
export interface NumberedBlock extends Block {
  readonly number: number;
  readonly hash: Hash;
}

/** What happens on the chain, in order. */
export type ChainEvent =
  /** A block is durable and is the new head. `included`: hashes of its transactions, in order. */
  | {
      readonly kind: 'block';
      readonly block: NumberedBlock;
      readonly included: readonly Hash[];
    }
  /** The operator will never replace this block: "ordered by one operator", not final by consensus. */
  | { readonly kind: 'finalized'; readonly block: NumberedBlock }
  /** A transaction left the pool and is in no block. */
  | { readonly kind: 'dropped'; readonly transaction: Hash; readonly reason: string };

/** Must not throw. */
export type ChainListener = (event: ChainEvent) => void;
