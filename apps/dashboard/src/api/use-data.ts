import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiError } from './api-error.js';
import { get } from './client.js';
import { useCoordinator } from './coordinator.js';

export interface Data<T> {
  /** The newest answer; stays while a newer one fails. */
  readonly value: T | undefined;
  readonly error: ApiError | undefined;
  readonly reload: () => void;
}

/** Reads `path` now, whenever it changes, and every `everyMs` while the window is looked at. */
export function useData<T>(path: string | undefined, everyMs?: number): Data<T> {
  const [state, setState] = useState<{ path?: string; value?: T; error?: ApiError }>({});
  const [turn, setTurn] = useState(0);
  const { signIns } = useCoordinator();
  const busy = useRef(false);
  useEffect(() => {
    if (path === undefined) return;
    const stop = new AbortController();
    busy.current = true;
    get<T>(path, stop.signal)
      .then((value) => setState({ path, value }))
      .catch((error: unknown) => {
        if (stop.signal.aborted) return;
        const shown = error instanceof ApiError ? error : ApiError.offline();
        setState((before) => ({ ...(before.path === path ? before : { path }), error: shown }));
      })
      .finally(() => (busy.current = false));
    return () => stop.abort();
  }, [path, turn, signIns]);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  useEffect(() => {
    if (everyMs === undefined) return;
    const timer = setInterval(() => {
      if (!busy.current && document.visibilityState === 'visible') reload();
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs, reload]);
  const isOld = state.path !== path;
  return { value: isOld ? undefined : state.value, error: isOld ? undefined : state.error, reload };
}
