import { EXIT, exitCodeOf, isTallyError, type Logger, TallyError } from '@tallystick/kernel';
import type { BackupOptions } from '@tallystick/sandbox';
import type { ProxyRule } from '@tallystick/site';
import { type Command } from 'commander';
import type { ConsoleInput } from './console-input.js';
import { ConsoleOutput } from './console-output.js';

/** What a command gets from the process it runs in. */
export interface CommandContext {
  readonly output: ConsoleOutput;
  readonly logger: Logger;
  /** Aborted by SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** The coordinator's bearer token, when the environment gives one. */
  readonly token: string | undefined;
  /** The coordinator's address, when the environment gives one. */
  readonly url: string | undefined;
  /** Public key of its TLS certificate, when the environment gives one. */
  readonly pin: string | undefined;
  /** The proxy that the environment names. */
  readonly proxy: ProxyRule;
  /** What of the deployment is not in its data folder, as the environment tells the coordinator. */
  readonly outside: Pick<BackupOptions, 'database' | 'blobs'> & {
    readonly chainUrl?: string | undefined;
  };
  /** Folder of this user's own settings: what `tally login` stored. */
  readonly configFolder: string;
  readonly input: ConsoleInput;
  readonly setExitCode: (code: number) => void;
}

/** Options of every command. */
export interface GlobalOptions {
  readonly json: boolean;
  readonly data: string;
  readonly server?: string;
}

export type MakeContext = (options: GlobalOptions) => CommandContext;

/** Runs `action` and turns an error into text, JSON and an exit code that tells the truth. */
export async function runCommand(
  command: Command,
  makeContext: MakeContext,
  action: (context: CommandContext, options: GlobalOptions) => Promise<number>,
): Promise<void> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const context = makeContext(options);
  try {
    context.setExitCode(await action(context, options));
  } catch (error) {
    const known = isTallyError(error) ? error : internal(error);
    report(context.output, known);
    const isStopped = context.signal.aborted && known.code === 'INTERNAL';
    context.setExitCode(isStopped ? EXIT.runCancelled : exitCodeOf(known));
  }
}

function internal(error: unknown): TallyError {
  const reason = error instanceof Error ? error.message : String(error);
  return new TallyError('INTERNAL', { reason }, error);
}

/** Prints what happened and one thing to do. */
export function report(output: ConsoleOutput, error: TallyError): void {
  const { colours } = output;
  output.say(`${colours.red('error')} ${colours.bold(error.code)}: ${error.message}`);
  output.say(`  ${colours.dim('→')} ${error.hint}`);
  if (
    error.code === 'INTERNAL' &&
    error.cause instanceof Error &&
    error.cause.stack !== undefined
  ) {
    output.say(colours.dim(error.cause.stack));
  }
  const { code, message, hint } = error;
  output.result({ error: { code, message, hint } });
}
