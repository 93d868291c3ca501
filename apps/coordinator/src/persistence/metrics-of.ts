import { RoundView } from '@tallystick/protocol';

/** The numbers of canonical metrics JSON, as the API shows them. */
export function metricsOf(json: string): RoundView['metrics'] {
  return RoundView.shape.metrics.parse(JSON.parse(json));
}
