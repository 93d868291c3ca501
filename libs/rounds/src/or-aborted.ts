import type { StopSignal } from '@tallystick/kernel';

/** The value of `promise`, or undefined as soon as `signal` aborts; nobody hears what it rejects with after that. */
export function orAborted<T>(promise: Promise<T>, signal: StopSignal): Promise<T | undefined> {
  if (signal.aborted) {
    promise.catch(() => undefined);
    return Promise.resolve(undefined);
  }
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    signal.addEventListener('abort', stop);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
