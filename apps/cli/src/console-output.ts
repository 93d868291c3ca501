import Table from 'cli-table3';
import pc from 'picocolors';

type Writer = (text: string) => void;

/** Columns apart by spaces and one rule below the head: reads well in a log, too. */
const BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  right: '',
  'right-mid': '',
  middle: ' ',
};

/** Where a command writes. Streams are injected so that tests read them. */
export interface OutputOptions {
  readonly json: boolean;
  /** True on a terminal: colours and progress lines; otherwise plain lines. */
  readonly isTty: boolean;
  readonly out: Writer;
  readonly err: Writer;
}

/**
 * What a command says. For people on stdout, or on stderr under `--json`, where stdout carries JSON alone: one value
 * on its last line.
 */
export class ConsoleOutput {
  readonly json: boolean;
  readonly isTty: boolean;
  readonly #out: Writer;
  readonly #err: Writer;
  readonly #colours: ReturnType<typeof pc.createColors>;
  #progress = '';

  constructor(options: OutputOptions) {
    this.json = options.json;
    this.isTty = options.isTty;
    this.#out = options.out;
    this.#err = options.err;
    this.#colours = pc.createColors(options.isTty);
  }

  /** Colour functions that do nothing off a terminal. */
  get colours(): ReturnType<typeof pc.createColors> {
    return this.#colours;
  }

  /** A line for people. */
  say(line = ''): void {
    this.#clearProgress();
    this.#human(`${line}\n`);
  }

  /** A line that the next one replaces on a terminal; nothing elsewhere. */
  progress(line: string): void {
    if (!this.isTty) return;
    this.#clearProgress();
    this.#progress = line;
    this.#human(line);
  }

  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    const table = new Table({
      head: head.map((text) => this.#colours.bold(text)),
      style: { head: [], border: [], compact: true },
      chars: BORDERS,
    });
    table.push(...rows.map((row) => [...row]));
    this.say(table.toString());
  }

  /** The value of the command: the last line of stdout under `--json`, nothing otherwise. */
  result(value: unknown): void {
    if (this.json) this.#out(`${JSON.stringify(value, jsonValue)}\n`);
  }

  /** One NDJSON line of a stream under `--json`. */
  stream(value: unknown): void {
    this.result(value);
  }

  #human(text: string): void {
    (this.json ? this.#err : this.#out)(text);
  }

  #clearProgress(): void {
    if (this.#progress === '') return;
    this.#progress = '';
    this.#human('\r\u001b[2K');
  }
}

/** Integers beyond 2⁵³ travel as decimal strings. */
function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
