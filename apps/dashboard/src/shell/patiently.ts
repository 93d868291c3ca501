const AGAIN_MS = 1_000;
/** As long as a coordinator takes to come back; a page that is not there then is of another version. */
const GIVE_UP_MS = 60_000;

/** Loads a page's code also while the coordinator is away for a moment; rejects with what failed last. */
export async function patiently<T>(load: () => Promise<T>): Promise<T> {
  for (const endMs = performance.now() + GIVE_UP_MS; ;) {
    try {
      return await load();
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
