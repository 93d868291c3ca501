import { isTallyError, TallyError } from '@tallystick/kernel';

type Probe = () => Promise<void>;

/** What is wrong, in words, and one thing to do. */
export interface Trouble {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** Longest that one probe may take. */
const PROBE_MS = 2_000;

/** Why this process should not get work now: troubles that rooms reported, and probes of what it depends on. */
export class Readiness {
  readonly #reported = new Map<string, TallyError>();
  readonly #probes = new Map<string, Probe>();

  /** `undefined` ends the trouble of `room`. */
  report(room: string, trouble: TallyError | undefined): void {
    if (trouble === undefined) this.#reported.delete(room);
    else this.#reported.set(room, trouble);
  }

  /** Asked on every look; rejects while `what` cannot be used. */
  probe(what: string, probe: Probe): void {
    this.#probes.set(what, probe);
  }

  /** Room → what is wrong; empty when all is well. */
  async troubles(): Promise<Readonly<Record<string, Trouble>>> {
    const found = new Map(this.#reported);
    const looks = [...this.#probes].map(async ([what, probe]) => {
      const trouble = await troubleOf(what, probe);
      if (trouble !== undefined) found.set(what, trouble);
    });
    await Promise.all(looks);
    return Object.fromEntries(
      [...found].map(([room, { code, message, hint }]) => [room, { code, message, hint }]),
    );
  }
}

async function troubleOf(what: string, probe: Probe): Promise<TallyError | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<TallyError>((resolve) => {
    const error = new TallyError('NET_TIMEOUT', { what: `the ${what}`, timeoutMs: PROBE_MS });
    timer = setTimeout(() => resolve(error), PROBE_MS);
  });
  const look = probe().then(() => undefined, knownError);
  try {
    return await Promise.race([look, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** An error in words that the API knows. */
export function knownError(error: unknown): TallyError {
  if (isTallyError(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new TallyError('INTERNAL', { reason }, error);
}
