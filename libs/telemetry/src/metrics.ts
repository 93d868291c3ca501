import {
  collectDefaultMetrics,
  Counter as PromCounter,
  Gauge as PromGauge,
  Histogram as PromHistogram,
  Registry,
} from 'prom-client';

/** What a gauge counts; the suffix of its name. */
export type Unit =
  | 'seconds'
  | 'bytes'
  | 'ratio'
  | 'info'
  | 'nodes'
  | 'connections'
  | 'runs'
  | 'rounds'
  | 'updates'
  | 'blocks'
  | 'rows'
  | 'slots'
  | 'demands';

/** Label values of one observation. */
export type MetricLabels<Label extends string> = Readonly<Record<Label, string>>;

/** Goes up. */
export interface Counter<Label extends string = never> {
  add(labels: MetricLabels<Label>, by?: number): void;
}

/** Goes up and down. */
export interface Gauge<Label extends string = never> {
  set(labels: MetricLabels<Label>, value: number): void;
}

/** Distribution over fixed buckets. */
export interface Histogram<Label extends string = never> {
  observe(labels: MetricLabels<Label>, value: number): void;
}

/** What a metric is called and what it says. */
export interface MetricInfo {
  readonly name: string;
  readonly help: string;
  /** `counter`, `gauge` or `histogram`. */
  readonly kind: string;
}

/** Series of one metric; further label values are counted as `other`. */
const MAX_SERIES = 100;

/** Longest that reading one number may hold a scrape up. */
const MAX_COLLECT_MS = 3_000;

const NAME =
  /^tally_[a-z0-9]+(_[a-z0-9]+)*_(total|seconds|bytes|ratio|info|nodes|connections|runs|rounds|updates|blocks|rows|slots|demands)$/;

/** Labels that would name who takes part, or grow with them. */
const FORBIDDEN_LABEL = /node|run|round|key|token|account|address|host|ip$|organisation|user/i;

/** Powers of about 3 from 1 ms to 5 minutes: what requests, rounds and blocks take. */
const SECONDS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300] as const;
/** Powers of 8 from 1 KiB to 16 GiB. */
const BYTES = Array.from({ length: 9 }, (_, power) => 1024 * 8 ** power);

/**
 * The process's metrics, for Prometheus. Names and labels are checked when a metric is made: RangeError names what
 * is wrong. Each name once per instance.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #collectors: (() => Promise<void> | void)[] = [];
  readonly contentType: string = this.#registry.contentType;

  /** Adds CPU, memory, event loop and garbage collection of this process as `tally_process_…` and `tally_nodejs_…`. */
  observeProcess(): void {
    collectDefaultMetrics({ register: this.#registry, prefix: 'tally_' });
  }

  /** @param labels names of the labels, none by default. */
  counter<Label extends string = never>(
    name: `tally_${string}_total`,
    help: string,
    labels: readonly Label[] = [],
  ): Counter<Label> {
    const metric = new PromCounter({ ...this.#define(name, help, labels) });
    const bound = bounded();
    return { add: (values, by = 1) => metric.inc(bound(values), by) };
  }

  /** @param labels names of the labels, none by default. */
  gauge<Label extends string = never>(
    name: `tally_${string}_${Unit}`,
    help: string,
    labels: readonly Label[] = [],
  ): Gauge<Label> {
    const metric = new PromGauge({ ...this.#define(name, help, labels) });
    const bound = bounded();
    return { set: (values, value) => metric.set(bound(values), value) };
  }

  /** Buckets follow from the unit. @param labels names of the labels, none by default. */
  histogram<Label extends string = never>(
    name: `tally_${string}_${'seconds' | 'bytes'}`,
    help: string,
    labels: readonly Label[] = [],
  ): Histogram<Label> {
    const buckets = [...(name.endsWith('_bytes') ? BYTES : SECONDS)];
    const metric = new PromHistogram({ ...this.#define(name, help, labels), buckets });
    const bound = bounded();
    return { observe: (values, value) => metric.observe(bound(values), value) };
  }

  /** Called before every scrape, for numbers that are read rather than counted. One that fails leaves them as they were. */
  collect(read: () => Promise<void> | void): void {
    this.#collectors.push(read);
  }

  /** Every metric that was made so far, in that order. */
  list(): readonly MetricInfo[] {
    return this.#registry
      .getMetricsAsArray()
      .map(({ name, help, type }) => ({ name, help, kind: String(type) }));
  }

  /** The text that Prometheus scrapes; send it with `contentType`. */
  async text(): Promise<string> {
    await Promise.all(this.#collectors.map((read) => withinLimit(read)));
    return this.#registry.metrics();
  }

  #define(
    name: string,
    help: string,
    labels: readonly string[],
  ): { name: string; help: string; labelNames: string[]; registers: Registry[] } {
    if (!NAME.test(name)) {
      throw new RangeError(`${name}: a metric is called tally_<what>_<unit>, in lower case`);
    }
    for (const label of labels) {
      if (FORBIDDEN_LABEL.test(label)) {
        throw new RangeError(`${name}: the label ${label} would name a participant`);
      }
    }
    return { name, help, labelNames: [...labels], registers: [this.#registry] };
  }
}

/** Resolves when it is done, has failed, or takes too long: a scrape has ten seconds. */
async function withinLimit(read: () => Promise<void> | void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, MAX_COLLECT_MS);
  });
  const reading = (async () => read())().catch(() => undefined);
  await Promise.race([reading, late]);
  clearTimeout(timer);
}

/** Keeps the series of one metric bounded. */
function bounded(): (values: Readonly<Record<string, string>>) => Record<string, string> {
  const seen = new Set<string>();
  return (values) => {
    const series = JSON.stringify(Object.values(values));
    if (!seen.has(series) && seen.size >= MAX_SERIES) {
      return Object.fromEntries(Object.keys(values).map((name) => [name, 'other']));
    }
    seen.add(series);
    return values;
  };
}
