import { stat } from 'node:fs/promises';
import { datasetPath, datasetShape, type DatasetShape, type SiteConfig } from '@tallystick/site';

type Known = { readonly shape: DatasetShape } | { readonly fault: string };

/** Shapes of a site's data sets, counted once per change of a file, one at a time. */
export class DatasetShapes {
  readonly #config: SiteConfig;
  readonly #folder: string;
  readonly #known = new Map<string, Known & { readonly changedAtMs: number }>();
  readonly #stop = new AbortController();
  #counting: Promise<void> = Promise.resolve();
  readonly #waiting = new Set<string>();

  constructor(config: SiteConfig, folder: string) {
    this.#config = config;
    this.#folder = folder;
  }

  get names(): readonly string[] {
    return Object.keys(this.#config.datasets);
  }

  path(name: string): string {
    return datasetPath(this.#config, this.#folder, name);
  }

  /** What is known now; undefined while it is counted, which begins with this question. */
  async shape(name: string): Promise<Known | undefined> {
    const { mtimeMs: changedAtMs } = await stat(this.path(name)).catch(() => ({ mtimeMs: -1 }));
    const known = this.#known.get(name);
    if (known?.changedAtMs === changedAtMs) return known;
    if (!this.#waiting.has(name)) {
      this.#waiting.add(name);
      this.#counting = this.#counting.then(() => this.#count(name, changedAtMs));
    }
    return undefined;
  }

  /** Stops counting. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#counting;
  }

  /** Never rejects. */
  async #count(name: string, changedAtMs: number): Promise<void> {
    try {
      const shape = await datasetShape(this.path(name), this.#stop.signal);
      this.#known.set(name, { shape, changedAtMs });
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error);
      this.#known.set(name, { fault, changedAtMs });
    } finally {
      this.#waiting.delete(name);
    }
  }
}
