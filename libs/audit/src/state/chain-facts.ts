import type { Hash } from '@tallystick/kernel';
import type { VerifiedChain } from '../history.js';
import { decodeValue, keyOf, type ReadState } from './read-state.js';

/** Who could do what on this chain, as its states say. */
export interface ChainFacts {
  readonly blocks: number;
  /** Sealed on demand by one operator; its finality is that operator's word. */
  readonly embedded: boolean;
  /** Keys that may seal blocks at the head. */
  readonly authorities: number;
  /** Some state has a Sudo key: whoever holds it can write any state. */
  readonly sudo: boolean;
  /** Code hashes of the runtimes that were executed. */
  readonly runtimes: readonly Hash[];
}

/** Reads the facts; Sudo is looked for in every block, since a key can be put in and taken out again. */
export function chainFacts(chain: VerifiedChain): ChainFacts {
  const { number } = chain.head;
  const head = chain.stateAt(number);
  const sudoKey = keyOf('Sudo', 'Key');
  let sudo = false;
  for (let block = 0; block <= number && !sudo; block++) {
    sudo = chain.stateAt(block)(sudoKey) !== undefined;
  }
  return {
    blocks: number,
    embedded: head(keyOf('Tally', 'Embedded'))?.[0] === 1,
    authorities: authorityCount(head),
    sudo,
    runtimes: chain.runtimes,
  };
}

function authorityCount(read: ReadState): number {
  const bytes = read(keyOf('Aura', 'Authorities'));
  if (bytes === undefined) return 0;
  return decodeValue('Aura.Authorities', bytes, (reader) => reader.vector(() => reader.take(32)))
    .length;
}

/** The block's timestamp in milliseconds; 0 when it has none (genesis). */
export function blockTimeMs(read: ReadState): bigint {
  const bytes = read(keyOf('Timestamp', 'Now'));
  return bytes === undefined ? 0n : decodeValue('Timestamp.Now', bytes, (reader) => reader.u64());
}
