/** Says that the outbox has a new row. Whoever publishes sets the listener; the rows themselves are the queue. */
export class OutboxSignal {
  #listener: () => void = () => undefined;

  raise(): void {
    this.#listener();
  }

  listen(listener: () => void): void {
    this.#listener = listener;
  }
}
