import { type RunId, TallyError } from '@tallystick/kernel';

/** Open event streams of one process; each costs a socket and a query per batch. */
const MAX_WATCHERS = 512;

/** Tells watchers that a run has new event rows. Carries no content: a watcher reads the rows, so it misses none. */
export class EventFeed {
  readonly #watchers = new Map<RunId, Set<() => void>>();
  #count = 0;

  /** Calls `onNews` after every commit that wrote events of `run`, until the returned function is called. */
  watch(run: RunId, onNews: () => void): () => void {
    if (this.#count >= MAX_WATCHERS) {
      throw new TallyError('NET_BUSY', { what: 'event streams', limit: MAX_WATCHERS });
    }
    const watchers = this.#watchers.get(run) ?? new Set();
    this.#watchers.set(run, watchers);
    watchers.add(onNews);
    this.#count++;
    return () => {
      if (!watchers.delete(onNews)) return;
      this.#count--;
      if (watchers.size === 0) this.#watchers.delete(run);
    };
  }

  notify(run: RunId): void {
    for (const onNews of this.#watchers.get(run) ?? []) onNews();
  }
}
