import type { IncomingMessage } from 'node:http';
import { type Clock, type Logger } from '@tallystick/kernel';
import type { ActView } from '@tallystick/protocol';
import type { ActRows } from '../persistence/act-rows.js';
import type { Principal } from './principal.js';
import { RateLimit } from './rate-limit.js';

/** Refusals that are written in a minute: whoever knocks all day must not fill the disk. */
const REFUSALS = { limit: 120, windowMs: 60_000 } as const;
const MAX_OBJECT_CHARS = 300;

export interface Act {
  /** A permission, or `sign-in`. */
  readonly act: string;
  readonly object: string;
  /** `done`, or the code it was refused or failed with. */
  readonly outcome: string;
  readonly address: string;
}

/** Somebody before it is known who. */
type Nobody = { readonly kind: 'nobody'; readonly id: string; readonly name: string };

/** The append-only log of privileged acts. An act that was done stands, also when the log cannot be written. */
export class ActLog {
  readonly #rows: ActRows;
  readonly #logger: Logger;
  readonly #refusals: RateLimit;

  constructor(
    rows: ActRows,
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#rows = rows;
    this.#logger = logger;
    this.#refusals = new RateLimit(clock, REFUSALS);
  }

  async add(by: Principal | Nobody, act: Act): Promise<void> {
    const { kind, id: who, name } = by;
    if (act.outcome !== 'done' && !this.#refusals.isWithin('all')) return;
    const row = { kind, who, name, ...act, object: act.object.slice(0, MAX_OBJECT_CHARS) };
    try {
      await this.#rows.add(row);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#logger.error('act.not_logged', { ...row, reason });
    }
  }

  async page(before?: string): Promise<ActView[]> {
    return (await this.#rows.page(before)).map((row) => ({
      id: row.id,
      at: row.at.toISOString(),
      who: { kind: row.kind, id: row.who, name: row.name },
      act: row.act,
      object: row.object,
      outcome: row.outcome,
      address: row.address,
    }));
  }
}

export const nobody = (name: string): Nobody => ({ kind: 'nobody', id: '', name });

/** Method and path; what stands behind `?` is left out. */
export function objectOf({ method = 'GET', url = '' }: IncomingMessage): string {
  return `${method} ${url.split('?')[0] ?? ''}`;
}
