import type { RunEvent } from '@tallystick/protocol';
import type { ConsoleOutput } from '../console-output.js';
import type { Example } from '../federation/example.js';

/** Prints a run's events: one line per closed round, and what waits in between on a terminal. */
export class RoundTicker {
  readonly #output: ConsoleOutput;
  readonly #example: Example;
  #round = 0;
  #accepted = 0;
  #committed = 0;

  constructor(output: ConsoleOutput, example: Example) {
    this.#output = output;
    this.#example = example;
  }

  onEvent(event: RunEvent): void {
    const { colours } = this.#output;
    switch (event.type) {
      case 'round.opened':
        this.#round = event.round ?? 0;
        this.#accepted = 0;
        break;
      case 'update.accepted':
        this.#accepted++;
        break;
      case 'round.closed':
        this.#output.say(
          `round ${event.round}  ${bar(this.#round + 1, this.#example.spec.rounds)}  ${this.#accepted} of ${this.#example.sites.length} sites`,
        );
        break;
      case 'round.committed':
        this.#committed++;
        break;
      case 'update.refused':
      case 'node.declined':
        this.#output.say(
          colours.yellow(
            `round ${event.round}  node ${event.node}: ${String(event.detail['message'] ?? event.detail['code'] ?? event.type)}`,
          ),
        );
        break;
      default:
        break;
    }
    this.#output.progress(
      `round ${this.#round}  ${this.#accepted} of ${this.#example.sites.length} sites  ${this.#committed} rounds final on the chain`,
    );
  }
}

const WIDTH = 20;

/** A bar of `done` of `all`. */
function bar(done: number, all: number): string {
  const filled = Math.min(WIDTH, Math.round((WIDTH * done) / Math.max(1, all)));
  return `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}]`;
}
