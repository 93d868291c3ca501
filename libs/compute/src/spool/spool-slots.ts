/** The slots that all files share, and who waits for one. */
export class SpoolSlots {
  readonly #memory: SharedArrayBuffer;
  readonly #slotBytes: number;
  /** Where the free ones begin. Last given back, first taken: their pages are there, and in the cache. */
  readonly #free: number[];
  readonly #waiting: (() => void)[] = [];

  constructor(memory: SharedArrayBuffer, slotBytes: number) {
    this.#memory = memory;
    this.#slotBytes = slotBytes;
    const slots = slotBytes === 0 ? 0 : memory.byteLength / slotBytes;
    this.#free = Array.from({ length: slots }, (_, i) => (slots - 1 - i) * slotBytes);
  }

  /** Where the slot begins that is the caller's now; undefined when all are taken. */
  take(): number | undefined {
    return this.#free.pop();
  }

  give(at: number): void {
    this.#free.push(at);
    for (const wake of this.#waiting.splice(0)) wake(); // one who is gone by now must not keep it from the next
  }

  view(at: number): Uint8Array {
    return new Uint8Array(this.#memory, at, this.#slotBytes);
  }

  /** Resolves when a slot was given back; somebody else may have taken it since. One waits for each file. */
  room(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
