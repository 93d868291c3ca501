const POLL_MS = 25;

/** Asks `probe` until it gives something; fails with `what` after `timeoutMs`. An error of the probe counts as "not yet". */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 60_000,
): Promise<T> {
  const untilMs = performance.now() + timeoutMs;
  let why = '';
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined) return value;
      why = '';
    } catch (error) {
      why = error instanceof Error ? `: ${error.message}` : '';
    }
    if (performance.now() > untilMs) {
      throw new Error(`${what}: not within ${timeoutMs} ms${why}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
