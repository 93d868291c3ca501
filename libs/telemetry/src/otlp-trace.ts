import { randomBytes } from 'node:crypto';
import type { Hash } from '@tallystick/kernel';
import type { RoundTrace, Step } from '@tallystick/rounds';

/** Steps that wait to be sent; further ones are dropped while the collector is away. */
const MAX_QUEUE = 2_048;
/** Steps of one request. */
const MAX_BATCH = 512;
/** Steps are sent together, this often. */
const SEND_MS = 1_000;
/** Longest that one request may take. */
const REQUEST_MS = 10_000;
/** Longest that sending the rest may hold the end of a process up. */
const CLOSE_MS = 2_000;

/** Steps of rounds, sent to an OpenTelemetry collector. */
export interface OtlpTrace extends RoundTrace {
  /** Sends what waits, for at most two seconds. */
  close(): Promise<void>;
}

export interface OtlpTraceOptions {
  /** `service.name`, such as `tallystick-coordinator`. */
  readonly service: string;
  /** Where the collector takes OTLP over HTTP, without `/v1/traces`. */
  readonly endpoint: string;
  /** OTEL_EXPORTER_OTLP_HEADERS: `name=value` pairs with commas between, values percent-encoded. */
  readonly headers?: string | undefined;
  /** Told how many steps were lost, and why. */
  readonly lost: (steps: number, reason: string) => void;
}

/**
 * One trace for each round, over OTLP/HTTP in its JSON form (opentelemetry-proto 1.x). Trace and root span are named by the
 * task's hash, so that what a node sends to the same collector joins the coordinator's trace, and a coordinator that was
 * killed goes on with it. Throws TypeError when the endpoint is no URL.
 */
export function openOtlpTrace(options: OtlpTraceOptions): OtlpTrace {
  return new Exporter(options);
}

class Exporter implements OtlpTrace {
  readonly #url: URL;
  readonly #options: OtlpTraceOptions;
  readonly #waiting: object[] = [];
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> = Promise.resolve();

  constructor(options: OtlpTraceOptions) {
    const { endpoint } = options;
    this.#url = new URL('v1/traces', endpoint.endsWith('/') ? endpoint : `${endpoint}/`);
    this.#options = options;
  }

  step(task: Hash, step: Step): void {
    if (this.#waiting.length >= MAX_QUEUE) this.#dropped++;
    else this.#waiting.push(spanOf(task, step));
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#sending = this.#sending.then(() => this.#send(REQUEST_MS));
    }, SEND_MS).unref();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.race([this.#sending, timeout(CLOSE_MS)]);
    await this.#send(CLOSE_MS);
  }

  /** Sends all that waits; what a collector does not take is lost. Never rejects. */
  async #send(limitMs: number): Promise<void> {
    while (this.#waiting.length > 0) {
      const spans = this.#waiting.splice(0, MAX_BATCH);
      const reason = await this.#post(spans, limitMs);
      if (reason === undefined) continue;
      this.#dropped += spans.length + this.#waiting.splice(0).length;
      this.#options.lost(this.#dropped, reason);
      this.#dropped = 0;
    }
  }

  /** Why it was not taken; undefined when it was. */
  async #post(spans: readonly object[], limitMs: number): Promise<string | undefined> {
    const attributes = [{ key: 'service.name', value: { stringValue: this.#options.service } }];
    const scopeSpans = [{ scope: { name: 'tallystick' }, spans }];
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { ...headersOf(this.#options.headers), 'content-type': 'application/json' },
        body: JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans }] }),
        signal: AbortSignal.timeout(limitMs),
      });
      await response.arrayBuffer();
      return response.ok ? undefined : `status ${response.status}`;
    } catch (error) {
      const cause = error instanceof Error ? (error.cause ?? error) : error;
      return cause instanceof Error ? cause.message : String(cause);
    }
  }
}

function timeout(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms).unref());
}

const INTERNAL = 1;

/** A span as opentelemetry-proto's JSON form has it: ids in hex, 64-bit numbers as strings. */
function spanOf(task: Hash, { name, startMs, endMs, attributes = {} }: Step): object {
  const root = task.slice(32, 48);
  const own =
    name === 'round'
      ? { name, spanId: root }
      : { name: `round.${name}`, spanId: randomBytes(8).toString('hex'), parentSpanId: root };
  return {
    traceId: task.slice(0, 32),
    ...own,
    kind: INTERNAL,
    startTimeUnixNano: nanos(startMs),
    endTimeUnixNano: nanos(endMs),
    attributes: Object.entries(attributes).map(([key, value]) => ({
      key,
      value: Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value },
    })),
    status: {},
  };
}

function nanos(ms: number): string {
  return String(BigInt(Math.round(ms * 1_000)) * 1_000n);
}

function headersOf(text: string = ''): Record<string, string> {
  return Object.fromEntries(
    text
      .split(',')
      .map((pair) => pair.split('='))
      .flatMap(([name = '', ...value]) =>
        name.trim() === '' ? [] : [[name.trim(), decodeURIComponent(value.join('=').trim())]],
      ),
  );
}
