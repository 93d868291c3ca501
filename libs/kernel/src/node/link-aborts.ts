/** One signal for several sources, until it is released. */
export interface LinkedAborts {
  readonly signal: AbortSignal;
  /** Takes the listeners off the sources. */
  release(): void;
}

/**
 * A signal that aborts with the first of `sources` and its reason. Unlike with `AbortSignal.any`, the sources hold on to
 * it, and it can be taken off a long-lived source again.
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
