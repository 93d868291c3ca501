import type { Logger } from '@tallystick/kernel';
import type { RoundTrace } from '@tallystick/rounds';
import { type Metrics, openOtlpTrace, stepSeconds } from '@tallystick/telemetry';

/** What watches the rounds of this process, and how to let go of it. */
export interface OpenTrace {
  readonly trace: RoundTrace;
  close(): Promise<void>;
}

/** Seconds of every step as a metric; with `endpoint`, each step to that OpenTelemetry collector, too. */
export async function openTrace(
  endpoint: string | undefined,
  { metrics, logger }: { readonly metrics: Metrics; readonly logger: Logger },
): Promise<OpenTrace> {
  const seconds = stepSeconds(metrics);
  if (endpoint === undefined) return { trace: seconds, close: () => Promise.resolve() };
  const otlp = await openOtlpTrace({ service: 'tallystick-coordinator', endpoint });
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
