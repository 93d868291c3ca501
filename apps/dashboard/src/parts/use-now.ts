import { useEffect, useState } from 'react';
import { useCoordinator } from '../api/coordinator.js';

/** The coordinator's time, once a second, while something is shown that grows older. */
export function useNow(isRunning = true): number {
  const { skewMs } = useCoordinator();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [isRunning]);
  return now - skewMs;
}
