import { useCallback, useState } from 'react';

/** Something that a page does and then reads again; what went wrong stays until the next act. */
export function useAct(after: () => void): {
  readonly fault: unknown;
  readonly act: (what: () => Promise<unknown>) => void;
} {
  const [fault, setFault] = useState<unknown>();
  const act = useCallback(
    (what: () => Promise<unknown>): void => {
      setFault(undefined);
      what().then(after, setFault);
    },
    [after],
  );
  return { fault, act };
}
