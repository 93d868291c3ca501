import { isTallyError, TallyError } from '@tallystick/kernel';

/** One line of a doctor. `warn`: it works, and will not for long or not for everybody. */
export interface Check {
  readonly status: 'ok' | 'warn' | 'fail';
  readonly what: string;
  /** Of the catalogue, when something fails. */
  readonly code?: string;
  /** One thing to do. */
  readonly hint?: string;
}

/** What a probe found that is no failure yet. */
export class Warning {
  readonly found: string;
  readonly hint: string;

  constructor(found: string, hint: string) {
    this.found = found;
    this.hint = hint;
  }
}

type Finding = string | Warning | undefined | void;

/** Never rejects: what a probe throws is its finding. */
export async function check(what: string, probe: () => Finding | Promise<Finding>): Promise<Check> {
  try {
    const found = await probe();
    if (found instanceof Warning) {
      return { status: 'warn', what: `${what}: ${found.found}`, hint: found.hint };
    }
    return { status: 'ok', what: typeof found === 'string' ? `${what}: ${found}` : what };
  } catch (error) {
    const { code, message, hint } = known(error);
    return { status: 'fail', what: `${what}: ${message}`, code, hint };
  }
}

function known(error: unknown): TallyError {
  if (isTallyError(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new TallyError('INTERNAL', { reason }, error);
}
