import type { Hash } from '@tallystick/kernel';
import { isVoid, lastCounting, nextCounting, type VoidSpan } from '@tallystick/rounds';

/** The chain of headers as a simulated node holds it, and what it knows to be void. */
export class HeldHeaders {
  readonly #genesis: Hash;
  /** Every header that it ever held, by its round. */
  readonly #hashes = new Map<number, Hash>();
  #voids: readonly VoidSpan[] = [];
  #head: { readonly round: number; readonly hash: Hash };

  /** @param genesis what the first round continues */
  constructor(genesis: Hash) {
    this.#genesis = genesis;
    this.#head = { round: -1, hash: genesis };
  }

  get head(): { readonly round: number; readonly hash: Hash } {
    return this.#head;
  }

  /** The number that follows. */
  get next(): number {
    return nextCounting(this.#voids, this.#head.round + 1);
  }

  isVoid(round: number): boolean {
    return isVoid(this.#voids, round);
  }

  knows(spans: readonly VoidSpan[]): boolean {
    return JSON.stringify(spans) === JSON.stringify(this.#voids);
  }

  extend(round: number, hash: Hash): void {
    this.#hashes.set(round, hash);
    this.#head = { round, hash };
  }

  /** To the last header that counts. */
  goBack(spans: readonly VoidSpan[]): void {
    this.#voids = spans;
    if (!isVoid(spans, this.#head.round)) return;
    const round = lastCounting(spans, this.#head.round) ?? -1;
    this.#head = { round, hash: this.#hashes.get(round) ?? this.#genesis };
  }
}
