import type { RunEvent } from '@tallystick/protocol';
import type { ConsoleOutput } from '../console-output.js';
import { bar } from '../terminal-bar.js';

/** Prints a run's events: one line per closed round, and what waits in between on a terminal. */
export class RoundTicker {
  readonly #output: ConsoleOutput;
  readonly #rounds: number;
  #sites: number;
  #round = 0;
  #accepted = 0;
  #committed = 0;
  #closed = 0;

  /** @param run.sites those that take part, until a round says how many it asked. */
  constructor(output: ConsoleOutput, run: { readonly rounds: number; readonly sites: number }) {
    this.#output = output;
    this.#rounds = run.rounds;
    this.#sites = run.sites;
  }

  #voided(event: RunEvent): void {
    this.#closed -= Number(event.detail['rounds'] ?? 0);
    this.#output.say(this.#output.colours.yellow(voidedText(event)));
  }

  onEvent(event: RunEvent): void {
    const { colours } = this.#output;
    switch (event.type) {
      case 'round.opened':
        this.#round = event.round ?? 0;
        this.#accepted = 0;
        if (typeof event.detail['cohort'] === 'number') this.#sites = event.detail['cohort'];
        break;
      case 'update.accepted':
        this.#accepted++;
        break;
      case 'round.closed':
        this.#output.say(
          `round ${event.round}  ${bar(++this.#closed, this.#rounds)}  ${this.#accepted} of ${this.#sites} sites`,
        );
        break;
      case 'round.committed':
        this.#committed++;
        break;
      case 'round.voided':
        this.#voided(event);
        break;
      case 'run.reopened':
        this.#output.say('the run goes on from the last round that counts');
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
      `round ${this.#round}  ${this.#accepted} of ${this.#sites} sites  ${this.#committed} rounds final on the chain`,
    );
  }
}

function voidedText({ round = 0, detail }: RunEvent): string {
  const last = Number(detail['until'] ?? round + 1) - 1;
  const closed = Number(detail['rounds'] ?? 0);
  const told =
    closed === 1 ? '1 of them was closed and counts' : `${closed} of them were closed and count`;
  return `the chain voided rounds ${round} to ${last}: ${told} no more`;
}
