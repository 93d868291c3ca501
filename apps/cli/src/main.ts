/** Entry of `tally`: the only file of the CLI that reads the environment, the terminal and signals. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { hasErrno } from '@tallystick/kernel/node';
import type { ExternalDatabase } from '@tallystick/sandbox';
import { proxyRule } from '@tallystick/site';
import { createLogger } from '@tallystick/telemetry';
import { CommanderError } from 'commander';
import type { CommandContext, GlobalOptions } from './command-context.js';
import { ConsoleInput } from './console-input.js';
import { ConsoleOutput } from './console-output.js';
import { EXIT, TallyError } from '@tallystick/kernel';
import { buildProgram } from './program.js';

const stop = new AbortController();
let signals = 0;
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    signals++;
    if (signals > 2) process.exit(EXIT.internal); // a person who presses Ctrl-C three times means it
    stop.abort();
  });
}

// Whoever read our output has gone (`| head`): what is under way is finished all the same. Any other fault of a stream,
// such as a full disk, must not end in success.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (!hasErrno(error, 'EPIPE')) throw error;
  });
}

/** XDG Base Directory Specification: one folder per program below the user's own. */
function configFolder(): string {
  return join(process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'tallystick');
}

/** `<name>_FILE` names a file with the value, as for the coordinator. */
function setting(name: string): string | undefined {
  const file = process.env[`${name}_FILE`];
  return file === undefined ? process.env[name] : readFileSync(file, 'utf8').trimEnd();
}

function databaseOf(url: string | undefined): ExternalDatabase | undefined {
  return url === undefined ? undefined : { url, environment: process.env };
}

/** Under --json even a command that could not be read ends in JSON; the words went to stderr. */
function sayUsage(detail: string): void {
  const { code, message, hint } = new TallyError('USAGE_INVALID', { detail });
  process.stdout.write(`${JSON.stringify({ error: { code, message, hint } })}\n`);
}

function makeContext(options: GlobalOptions): CommandContext {
  const isTty = Boolean(process.stdout.isTTY) && process.env['NO_COLOR'] === undefined; // a pipe has no isTTY at all
  const output = new ConsoleOutput({
    json: options.json,
    isTty: isTty && !options.json,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
  });
  return {
    output,
    logger: createLogger({ role: 'tally', level: 'warn' }),
    signal: stop.signal,
    token: process.env['TALLY_TOKEN'],
    url: process.env['TALLY_URL'],
    pin: process.env['TALLY_PIN'],
    proxy: proxyRule(process.env),
    outside: {
      database: databaseOf(setting('TALLY_DATABASE__URL')),
      blobs: setting('TALLY_BLOBS'),
      chainUrl: setting('TALLY_CHAIN__URL'),
    },
    configFolder: configFolder(),
    input: new ConsoleInput({
      stream: process.stdin,
      prompt: process.stderr,
      isTty: Boolean(process.stdin.isTTY) && Boolean(process.stderr.isTTY),
    }),
    setExitCode: (code) => {
      process.exitCode = code;
    },
  };
}

try {
  await buildProgram(makeContext).parseAsync(process.argv);
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error.exitCode !== 0 && process.argv.includes('--json')) sayUsage(error.message);
}
