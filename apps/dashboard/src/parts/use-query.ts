import { useCallback } from 'react';
import { useLocation, useSearch } from 'wouter';

/** A setting that lives in the address: it survives a reload and can be sent to somebody. */
export function useQuery(name: string, usual: string): readonly [string, (value: string) => void] {
  const search = useSearch();
  const [place, go] = useLocation();
  const value = new URLSearchParams(search).get(name) ?? usual;
  const set = useCallback(
    (next: string) => {
      const query = new URLSearchParams(location.search);
      if (next === usual) query.delete(name);
      else query.set(name, next);
      const text = query.toString();
      go(text === '' ? place : `${place}?${text}`, { replace: true });
    },
    [name, usual, place, go],
  );
  return [value, set];
}
