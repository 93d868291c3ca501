/** One signal for several sources, until it is released. */
export interface LinkedAborts {
  readonly signal: AbortSignal;
  /** Takes the listeners off the sources. */
  release(): void;
}

/**
 * A signal that aborts with the first of `sources` and its reason. Unlike `AbortSignal.any`, whose composite may be
 * collected on Node 20 while somebody waits for it (a client then waited for ever), the sources hold on to it.
 */
export function linkAborts(...sources: readonly AbortSignal[]): LinkedAborts {
  const controller = new AbortController();
  const undo: (() => void)[] = [];
  const release = (): void => undo.splice(0).forEach((step) => step());
  for (const source of sources) {
    const abort = (): void => {
      release();
      controller.abort(source.reason);
    };
    if (source.aborted) {
      abort();
      break;
    }
    source.addEventListener('abort', abort, { once: true });
    undo.push(() => source.removeEventListener('abort', abort));
  }
  return { signal: controller.signal, release };
}

/** Rejects with the reason of `signal` as soon as it aborts; otherwise like `promise`. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      const reason: unknown = signal.reason;
      reject(reason instanceof Error ? reason : new Error(String(reason)));
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
