import type { Command } from 'commander';
import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { MemoryLogger } from '@tallystick/kernel/testing';
import type { CommandContext, GlobalOptions } from './command-context.js';
import { ConsoleOutput } from './console-output.js';
import { EXIT } from '@tallystick/kernel';
import { buildProgram } from './program.js';

interface Ran {
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line in this process with captured output. */
async function tally(...args: readonly string[]): Promise<Ran> {
  let [out, err] = ['', ''];
  let code: number | undefined;
  const makeContext = ({ json }: GlobalOptions): CommandContext => ({
    output: new ConsoleOutput({
      json: json === true,
      isTty: false,
      out: (text) => (out += text),
      err: (text) => (err += text),
    }),
    logger: new MemoryLogger(),
    signal: new AbortController().signal,
    token: undefined,
    setExitCode: (value) => (code = value),
  });
  const program = buildProgram(makeContext);
  quieten(program, (text) => (err += text));
  try {
    await program.parseAsync(['node', 'tally', ...args]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    code = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  return { code, out, err };
}

function quieten(command: Command, write: (text: string) => void): void {
  command.configureOutput({ writeOut: write, writeErr: write });
  command.commands.forEach((child) => quieten(child, write));
}

function leaves(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

const missing = (): never => {
  throw new Error('no context is needed');
};

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

describe('tally', () => {
  const commands = leaves(buildProgram(missing));

  it('has the commands of the contract', () => {
    const names = commands.map((command) => {
      const parent = command.parent?.name() === 'tally' ? '' : `${command.parent?.name()} `;
      return parent + command.name();
    });
    expect(names.toSorted()).toEqual(
      [
        'audit export',
        'audit verify',
        'chain export',
        'chain spec',
        'consent grant',
        'consent list',
        'consent revoke',
        'dataset add',
        'demo',
        'dispute',
        'model get',
        'model passport',
        'node doctor',
        'node invite',
        'node join',
        'node list',
        'node log',
        'node start',
        'people list',
        'people add',
        'people disable',
        'people role',
        'token create',
        'token list',
        'token revoke',
        'rewards claim',
        'rewards preview',
        'rewards show',
        'run close',
        'run launch',
        'run list',
        'run pause',
        'run resume',
        'run show',
        'run stop',
        'run watch',
        'simulate',
        'up',
      ].toSorted(),
    );
  });

  it.each(commands.map((command) => [command.name(), command] as const))(
    '%s takes --json and shows an example under --help',
    (_, command) => {
      const help = helpOf(command);
      expect(help).toContain('Example:\n  tally ');
      expect(help).toContain('--json');
    },
  );

  it('suggests the command that was meant and exits 64', async () => {
    const { code, err } = await tally('run', 'lunch', 'run.yaml');
    expect(code).toBe(EXIT.usage);
    expect(err).toContain('Did you mean launch?');
  });

  it.each([
    ['a run that is no number', ['run', 'show', 'first']],
    ['a seed that is no number', ['simulate', 'x', '--seed', 'one']],
    ['a bundle that is neither folder nor number', ['audit', 'verify', 'nowhere']],
    ['a chain without validators', ['chain', 'spec']],
    ['a validator without a key', ['chain', 'spec', '--validator', 'ab'.repeat(32)]],
    ['a validator whose key is no key', ['chain', 'spec', '--validator', `${'ab'.repeat(32)}:ab`]],
    [
      'a validator whose account is its key',
      ['chain', 'spec', '--validator', `${'ab'.repeat(32)}:${'ab'.repeat(32)}`],
    ],
  ])('%s exits 64', async (_, args) => {
    expect((await tally(...args)).code).toBe(EXIT.usage);
  });

  it('names the folder in which nothing runs, with one thing to do', async () => {
    const { code, out } = await tally('run', 'list', '--data', '/nonexistent/folder');
    expect(code).toBe(EXIT.usage);
    expect(out).toContain('USAGE_NOT_RUNNING');
    expect(out).toContain('/nonexistent/folder');
    expect(out).toContain('tally up');
  });

  it('H: puts an error as JSON on the last line of stdout, words on stderr', async () => {
    const { code, out, err } = await tally('simulate', '/nonexistent', '--json');
    expect(code).toBe(EXIT.badInput);
    expect(JSON.parse(out.trim())).toMatchObject({ error: { code: 'DATA_FILE_UNREADABLE' } });
    expect(err).toContain('/nonexistent');
  });

  it('H: a wrong server address is named and exits 69', async () => {
    const folder = import.meta.dirname;
    const { code, out } = await tally(
      'run',
      'list',
      '--server',
      'http://127.0.0.1:1',
      '--data',
      folder,
    );
    expect([EXIT.unavailable, EXIT.usage]).toContain(code); // without a token it does not even ask
    expect(out).toMatch(/NET_UNREACHABLE|AUTH_REQUIRED/);
  });
});
