import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { buildProgram } from './program.js';

const PAGE = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');

/** Lines of the shell blocks that call `tally`; e2e/backup.e2e.ts plays backup, restore and up. */
const CALLS = [...PAGE.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
  .flatMap(([, block = '']) => block.split('\n'))
  .filter((line) => line.startsWith('tally '));

/** The command that is meant, and what is left of the words. */
function resolve(
  words: readonly string[],
  at: Command,
): { command: Command; rest: readonly string[] } {
  const [first, ...rest] = words;
  const inner = at.commands.find((command) => command.name() === first);
  return inner === undefined ? { command: at, rest: words } : resolve(rest, inner);
}

describe('docs/operations.md', () => {
  it('has commands', () => expect(CALLS.length).toBeGreaterThan(3));

  it.each(CALLS)('%s is a command with these options', (line) => {
    const program = buildProgram(() => {
      throw new Error('no context is needed');
    });
    const { command, rest } = resolve(line.split(' ').slice(1), program);
    expect(command.commands).toEqual([]);
    const known = command.options.map(({ long }) => long);
    for (const option of rest.filter((word) => word.startsWith('--')))
      expect(known).toContain(option);
    const needed = command.registeredArguments.filter(({ required }) => required);
    expect(rest.filter((word) => !word.startsWith('--')).length).toBeGreaterThanOrEqual(
      needed.length,
    );
  });
});
