type Probe = () => Promise<void>;

/** Longest that one probe may take. */
const PROBE_MS = 2_000;

/** Why this process should not get work now: troubles that rooms reported, and probes of what it depends on. */
export class Readiness {
  readonly #reported = new Map<string, string>();
  readonly #probes = new Map<string, Probe>();

  /** `undefined` ends the trouble of `room`. */
  report(room: string, trouble: string | undefined): void {
    if (trouble === undefined) this.#reported.delete(room);
    else this.#reported.set(room, trouble);
  }

  /** Asked on every look; rejects while `what` cannot be used. */
  probe(what: string, probe: Probe): void {
    this.#probes.set(what, probe);
  }

  /** Room → what is wrong; empty when all is well. */
  async troubles(): Promise<Readonly<Record<string, string>>> {
    const found = new Map(this.#reported);
    const looks = [...this.#probes].map(async ([what, probe]) => {
      const trouble = await troubleOf(probe);
      if (trouble !== undefined) found.set(what, trouble);
    });
    await Promise.all(looks);
    return Object.fromEntries(found);
  }
}

async function troubleOf(probe: Probe): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${PROBE_MS} ms`), PROBE_MS);
  });
  const look = probe().then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  try {
    return await Promise.race([look, late]);
  } finally {
    clearTimeout(timer);
  }
}
