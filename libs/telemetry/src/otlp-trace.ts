import { randomBytes } from 'node:crypto';
import type { Hash } from '@tallystick/kernel';
import type { RoundTrace, Step } from '@tallystick/rounds';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';

/** Steps that wait to be sent, and of one request; further ones are dropped while the collector is away. */
const MAX_QUEUE = 2_048;
const MAX_BATCH = 512;

/** Steps of rounds, sent to an OpenTelemetry collector. */
export interface OtlpTrace extends RoundTrace {
  /** Sends what waits. */
  close(): Promise<void>;
}

export interface OtlpTraceOptions {
  /** `service.name`, such as `tallystick-coordinator`. */
  readonly service: string;
  /** Where the collector takes OTLP over HTTP, without `/v1/traces`. Headers and time limits: OTEL_EXPORTER_OTLP_…. */
  readonly endpoint: string;
}

/**
 * One trace for each round, over OTLP/HTTP with JSON. Trace and root span are named by the task's hash, so that what a node
 * sends to the same collector joins the coordinator's trace, and a coordinator that was killed goes on with it. The
 * libraries are loaded here and nowhere else: who does not trace does not pay.
 */
export async function openOtlpTrace({ service, endpoint }: OtlpTraceOptions): Promise<OtlpTrace> {
  const [{ OTLPTraceExporter }, { BatchSpanProcessor }, { resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/resources'),
    ]);
  const url = new URL('v1/traces', endpoint.endsWith('/') ? endpoint : `${endpoint}/`).href;
  const processor = new BatchSpanProcessor(new OTLPTraceExporter({ url }), {
    maxQueueSize: MAX_QUEUE,
    maxExportBatchSize: MAX_BATCH,
  });
  const resource = resourceFromAttributes({ 'service.name': service });
  return {
    step: (task, step) => processor.onEnd(spanOf(task, step, resource)),
    close: () => processor.shutdown(),
  };
}

const SAMPLED = 1;
const INTERNAL = 0;
const UNSET = 0;

/** A span that is over, as the exporter reads it. */
function spanOf(task: Hash, step: Step, resource: ReadableSpan['resource']): ReadableSpan {
  const { name, startMs, endMs, attributes = {} } = step;
  const root = contextOf(task, task.slice(32, 48));
  const isRoot = name === 'round';
  const context = isRoot ? root : contextOf(task, randomBytes(8).toString('hex'));
  return {
    name: isRoot ? 'round' : `round.${name}`,
    kind: INTERNAL,
    spanContext: () => context,
    ...(isRoot ? {} : { parentSpanContext: root }),
    startTime: timeOf(startMs),
    endTime: timeOf(endMs),
    duration: timeOf(endMs - startMs),
    status: { code: UNSET },
    attributes: { ...attributes },
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: { name: 'tallystick' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function contextOf(task: Hash, spanId: string): ReturnType<ReadableSpan['spanContext']> {
  return { traceId: task.slice(0, 32), spanId, traceFlags: SAMPLED };
}

/** Seconds and nanoseconds. */
function timeOf(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}
