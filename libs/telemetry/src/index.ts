/**
 * telemetry: what a running process says about itself. pino behind kernel's Logger, prom-client behind Metrics,
 * OTLP behind the RoundTrace of rounds.
 *
 * Invariants: a log line is one JSON object (coloured text on a terminal) whose `event` is a stable dotted name; what
 * looks like a secret is replaced before it is written; a metric's name says `tally_` and its unit; the number of
 * series of one metric has a bound.
 *
 * It refuses to log objects (fields are plain values) and to label a metric by node, run, key or address: that would
 * grow without end and tell who takes part.
 */
export { createLogger, type LoggerOptions, type LogLevel } from './create-logger.js';
export {
  type Counter,
  type Gauge,
  type Histogram,
  type MetricInfo,
  type MetricLabels,
  Metrics,
  type Unit,
} from './metrics.js';
export { openOtlpTrace, type OtlpTrace, type OtlpTraceOptions } from './otlp-trace.js';
export { stepSeconds } from './step-seconds.js';
