import { LIMITS } from '@tallystick/protocol';
import { addressBlock } from '../address-block.js';

/** Counts sockets that are not welcome yet (protocol.md §8): in all, and per address block. */
export class Admission {
  readonly #perBlock = new Map<string, number>();
  #pending = 0;

  get pending(): number {
    return this.#pending;
  }

  /** Takes a place and returns what gives it back (once); undefined when there is none. */
  enter(address: string): (() => void) | undefined {
    const block = addressBlock(address);
    const inBlock = this.#perBlock.get(block) ?? 0;
    if (this.#pending >= LIMITS.maxPending || inBlock >= LIMITS.maxPendingPerAddress) {
      return undefined;
    }
    this.#pending++;
    this.#perBlock.set(block, inBlock + 1);
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      this.#pending--;
      const left = (this.#perBlock.get(block) ?? 1) - 1;
      if (left === 0) this.#perBlock.delete(block);
      else this.#perBlock.set(block, left);
    };
  }
}
