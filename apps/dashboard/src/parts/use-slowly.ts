import { useEffect, useState } from 'react';

/** For a screen reader: what is true now, at most once in 5 s. */
const EVERY_MS = 5_000;

/** The text as it was at the last change, not more often than every 5 s. */
export function useSlowly(text: string): string {
  const [said, setSaid] = useState(text);
  useEffect(() => {
    if (said === text) return;
    const timer = setTimeout(() => setSaid(text), EVERY_MS);
    return () => clearTimeout(timer);
  }, [said, text]);
  return said;
}
