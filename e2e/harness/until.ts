const POLL_MS = 25;

/** Asks `probe` until it gives something; fails with `what` after `timeoutMs`. An error of the probe counts as "not yet". */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 60_000,
): Promise<T> {
  const untilMs = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > untilMs) {
      const why = last === undefined ? '' : `: ${last instanceof Error ? last.message : last}`;
      throw new Error(`${what}: not within ${timeoutMs} ms${why}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
