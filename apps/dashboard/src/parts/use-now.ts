import { useEffect, useState } from 'react';
import { nowMs } from '../api/coordinator.js';

/** The coordinator's time, once a second, while something is shown that grows older. */
export function useNow(isRunning = true): number {
  const [now, setNow] = useState(nowMs);
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => setNow(nowMs()), 1_000);
    return () => clearInterval(timer);
  }, [isRunning]);
  return now;
}
