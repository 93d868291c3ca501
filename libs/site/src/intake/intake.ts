import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, TallyError } from '@tallystick/kernel';
import { durableWrite, hasErrno } from '@tallystick/kernel/node';
import { INTAKE_STATES, type IntakeState } from '@tallystick/protocol';
import { z } from 'zod';

const FILE = 'intake.json';

const Stored = z.strictObject({ state: z.enum(INTAKE_STATES), sinceMs: z.int().min(0) });
type Stored = z.infer<typeof Stored>;

/**
 * Does this site take tasks? The people there decide, and it lasts over restarts (`intake.json`). `paused`: no new task,
 * the one at work is finished. `withdrawn`: nothing is trained, measured or signed any more, and what is at work stops.
 */
export class Intake {
  readonly #folder: string;
  readonly #clock: Clock;
  #stored: Stored | undefined;
  #stop = new AbortController();

  private constructor(folder: string, clock: Clock, stored: Stored | undefined) {
    this.#folder = folder;
    this.#clock = clock;
    this.#stored = stored;
    if (this.state === 'withdrawn') this.#stop.abort(this.refusal());
  }

  /** Rejects with DATA_FILE_UNREADABLE when the file is damaged: a site that withdrew must not go on by mistake. */
  static async open(folder: string, clock: Clock): Promise<Intake> {
    const file = join(folder, FILE);
    try {
      return new Intake(folder, clock, Stored.parse(JSON.parse(await readFile(file, 'utf8'))));
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return new Intake(folder, clock, undefined);
      const reason = 'it does not say whether this site takes tasks; remove it to take them again';
      throw new TallyError('DATA_FILE_UNREADABLE', { file, reason }, error);
    }
  }

  get state(): IntakeState {
    return this.#stored?.state ?? 'open';
  }

  /** Since when; undefined when nobody ever changed it. */
  get sinceMs(): number | undefined {
    return this.#stored?.sinceMs;
  }

  /** Aborts when the site withdraws. */
  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  /** Why no new task is taken; undefined while they are. */
  refusal(): TallyError | undefined {
    switch (this.state) {
      case 'open':
        return undefined;
      case 'paused':
        return new TallyError('POLICY_PAUSED');
      case 'withdrawn':
        return new TallyError('POLICY_WITHDRAWN');
    }
  }

  /** Holds at once; on disk when it resolves. Only `open` undoes a withdrawal. */
  async set(state: IntakeState): Promise<void> {
    if (state === 'paused' && this.state === 'withdrawn') return;
    this.#stored = { state, sinceMs: this.#clock.nowMs() };
    if (state === 'withdrawn') this.#stop.abort(this.refusal());
    else if (this.#stop.signal.aborted) this.#stop = new AbortController();
    await durableWrite(join(this.#folder, FILE), `${JSON.stringify(this.#stored)}\n`);
  }
}
