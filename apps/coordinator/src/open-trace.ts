import type { Logger } from '@tallystick/kernel';
import type { RoundTrace } from '@tallystick/rounds';
import { type Metrics, openOtlpTrace, stepSeconds } from '@tallystick/telemetry';

/** What watches the rounds of this process, and how to let go of it. */
export interface OpenTrace {
  readonly trace: RoundTrace;
  close(): Promise<void>;
}

/** A collector of traces, as OpenTelemetry's variables name it. */
export interface Collector {
  readonly endpoint: string;
  readonly headers?: string | undefined;
}

/** Seconds of every step as a metric; with a collector, each step to that one, too. */
export function openTrace(
  collector: Collector | undefined,
  { metrics, logger }: { readonly metrics: Metrics; readonly logger: Logger },
): OpenTrace {
  const seconds = stepSeconds(metrics);
  if (collector === undefined) return { trace: seconds, close: () => Promise.resolve() };
  const { endpoint } = collector;
  const lost = (steps: number, reason: string): void =>
    logger.warn('trace.lost', { steps, endpoint, reason });
  const otlp = openOtlpTrace({ ...collector, service: 'tallystick-coordinator', lost });
  logger.info('trace.opened', { endpoint });
  return {
    trace: {
      step: (task, step) => {
        seconds.step(task, step);
        otlp.step(task, step);
      },
    },
    close: () => otlp.close(),
  };
}
