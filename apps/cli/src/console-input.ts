import { createInterface } from 'node:readline/promises';
import { TallyError } from '@tallystick/kernel';

/** Longest text that is read from a pipe: a token, not a file. */
const MAX_PIPED_CHARS = 64 * 1024;

/** Where a command reads from. Streams are injected so that tests answer. */
export interface InputOptions {
  readonly stream: NodeJS.ReadableStream;
  /** Questions are written here; never stdout, which may carry JSON. */
  readonly prompt: NodeJS.WritableStream;
  /** True when a person can answer. */
  readonly isTty: boolean;
}

/** What a command asks. */
export class ConsoleInput {
  readonly #options: InputOptions;

  constructor(options: InputOptions) {
    this.#options = options;
  }

  /** True when a person can answer. */
  get isTty(): boolean {
    return this.#options.isTty;
  }

  /** The answer to `question`, `preset` for an empty one. Rejects when the signal aborts. */
  async ask(question: string, preset: string, signal: AbortSignal): Promise<string> {
    const { stream: input, prompt: output } = this.#options;
    const lines = createInterface({ input, output });
    try {
      const hint = preset === '' ? '' : ` [${preset}]`;
      const answer = (await lines.question(`${question}${hint}: `, { signal })).trim();
      return answer === '' ? preset : answer;
    } finally {
      lines.close();
    }
  }

  /** Everything that a pipe holds, without surrounding space. Throws PROTO_TOO_LARGE. */
  async piped(): Promise<string> {
    let text = '';
    for await (const piece of this.#options.stream) {
      text += String(piece);
      if (text.length > MAX_PIPED_CHARS) {
        const size = { bytes: text.length, limit: MAX_PIPED_CHARS };
        throw new TallyError('PROTO_TOO_LARGE', { what: 'standard input', ...size });
      }
    }
    return text.trim();
  }
}
