/** Explicit nonces of one account, one writer. */
export class NonceLane {
  #next: number | undefined;
  readonly #read: () => Promise<number>;

  /** @param read asks the chain (pool included) for the account's next nonce. */
  constructor(read: () => Promise<number>) {
    this.#read = read;
  }

  /** The next nonce; the chain is asked only after a reset. */
  async take(): Promise<number> {
    this.#next ??= await this.#read();
    return this.#next++;
  }

  reset(): void {
    this.#next = undefined;
  }
}
