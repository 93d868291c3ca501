import type { Inspection } from '@tallystick/rounds';
import type { StoredFile } from './tasks.js';
import type { WorkerPool } from './worker-pool.js';

/** Tasks that each worker has at once: one to work on and one to go on with. */
const TASKS_PER_WORKER = 2;

interface Asked {
  readonly file: StoredFile;
  resolve(inspection: Inspection): void;
  reject(error: unknown): void;
}

export interface InspectionDeps {
  readonly pool: WorkerPool;
  readonly fold: number;
}

/** Inspections of one fold. What is asked in one turn of the event loop goes to the workers in tasks of several. */
export class Inspections {
  readonly #deps: InspectionDeps;
  readonly #batch: number;
  /** Bounded by the caller: one for each node of the cohort. */
  readonly #asked: Asked[] = [];
  #running = 0;
  #isDue = false;

  /** @param batch updates in one task. */
  constructor(deps: InspectionDeps, batch: number) {
    this.#deps = deps;
    this.#batch = batch;
  }

  ask(file: StoredFile): Promise<Inspection> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ file, resolve, reject });
      if (this.#isDue) return;
      this.#isDue = true;
      queueMicrotask(() => {
        this.#isDue = false;
        this.#send();
      });
    });
  }

  #send(): void {
    const { pool } = this.#deps;
    while (this.#asked.length > 0 && this.#running < TASKS_PER_WORKER * pool.size) {
      void this.#inspect(this.#asked.splice(0, this.#batch));
    }
  }

  async #inspect(asked: readonly Asked[]): Promise<void> {
    const { pool, fold } = this.#deps;
    this.#running++;
    try {
      const files = asked.map(({ file }) => file);
      const inspections = await pool.run(pool.idlest(), 'inspect', { ask: { fold, files } });
      for (const [i, inspection] of inspections.entries()) asked[i]?.resolve(inspection);
    } catch (error) {
      for (const each of asked) each.reject(error);
    }
    this.#running--;
    this.#send();
  }
}
