import type { Counter, Gauge, Metrics } from '@tallystick/telemetry';

/** What the fleet counts. */
export class FleetMetrics {
  readonly #sessions: Gauge;
  readonly #verdicts: Counter<'outcome'>;
  readonly #received: Counter;
  readonly #lost: Counter;
  readonly #refused: Counter;

  constructor(metrics: Metrics) {
    this.#sessions = metrics.gauge(
      'tally_fleet_sessions_connections',
      'Nodes with a live session.',
    );
    this.#sessions.set({}, 0);
    this.#verdicts = metrics.counter('tally_fleet_verdicts_total', 'Receipts by their verdict.', [
      'outcome',
    ]);
    this.#received = metrics.counter(
      'tally_fleet_update_bytes_total',
      'Bytes of updates received.',
    );
    this.#refused = metrics.counter(
      'tally_fleet_refused_total',
      'Sockets refused before the upgrade for want of room.',
    );
    this.#lost = metrics.counter('tally_fleet_lost_total', 'Nodes that fell silent or broke off.');
  }

  sessions(count: number): void {
    this.#sessions.set({}, count);
  }

  verdict(outcome: 'accepted' | 'ignored' | 'rejected'): void {
    this.#verdicts.add({ outcome });
  }

  lost(): void {
    this.#lost.add({});
  }

  refused(): void {
    this.#refused.add({});
  }

  received(bytes: number): void {
    this.#received.add({}, bytes);
  }
}
