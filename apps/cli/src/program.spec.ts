import { Readable } from 'node:stream';
import type { Command } from 'commander';
import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { MemoryLogger } from '@tallystick/kernel/testing';
import type { CommandContext, GlobalOptions } from './command-context.js';
import { ConsoleInput } from './console-input.js';
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
    url: undefined,
    pin: undefined,
    proxy: () => undefined,
    outside: {},
    configFolder: '/nonexistent/config',
    input: new ConsoleInput({ stream: Readable.from([]), prompt: process.stderr, isTty: false }),
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

/** Words after `tally`. */
function pathOf(command: Command): readonly string[] {
  const { parent } = command;
  return parent === null ? [] : [...pathOf(parent), command.name()];
}

/**
 * Commands that start something or need nothing: their exits have tests of their own (e2e). `doctor` answers a folder
 * without a site with its checks.
 */
const ELSEWHERE = new Set([
  ...['demo', 'up', 'node start', 'completion', 'chain spec'],
  ...['doctor', 'node doctor'],
]);

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
        'backup',
        'chain export',
        'chain spec',
        'completion',
        'consent grant',
        'consent list',
        'consent revoke',
        'dataset add',
        'demo',
        'dispute',
        'doctor',
        'key list',
        'key rotate',
        'key rotate',
        'login',
        'model get',
        'model passport',
        'new',
        'node doctor',
        'node invite',
        'node join',
        'node list',
        'node log',
        'node revoke',
        'node page',
        'node start',
        'people list',
        'people add',
        'people disable',
        'people role',
        'group list',
        'group remove',
        'group set',
        'token create',
        'token list',
        'token revoke',
        'restore',
        'rewards claim',
        'rewards dispute',
        'rewards object',
        'rewards preview',
        'rewards resolve',
        'rewards show',
        'run close',
        'run compare',
        'run export',
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

  it.each(commands.map((command) => [pathOf(command).join(' '), command] as const))(
    '%s exits 64 for an option that it has not, and 0 for --help',
    async (_, command) => {
      expect((await tally(...pathOf(command), '--no-such-option')).code).toBe(EXIT.usage);
      expect((await tally(...pathOf(command), '--help')).code).toBe(EXIT.ok);
    },
  );

  it.each(
    commands
      .filter((command) => !ELSEWHERE.has(pathOf(command).join(' ')))
      .map((command) => [pathOf(command).join(' '), command] as const),
  )(
    '%s never exits 0 where nothing is, and says so in JSON with one thing to do',
    async (_, command) => {
      const needed = command.registeredArguments.filter(({ required }) => required);
      const values = needed.map(({ argChoices }) => argChoices?.[0] ?? '0');
      const options = command.options
        .filter(({ mandatory }) => mandatory)
        .flatMap(({ long }) => [long ?? '', 'nothing']);
      const where = ['--data', '/nonexistent/folder', '--json'];
      const { code, out } = await tally(...pathOf(command), ...values, ...options, ...where);
      expect(code).toBeGreaterThan(0);
      expect(JSON.parse(out.trim().split('\n').at(-1) ?? '')).toMatchObject({
        error: { code: expect.stringMatching(/^[A-Z_]+$/), hint: expect.stringMatching(/.+/) },
      });
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
