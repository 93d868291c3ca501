import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '../program.js';
import { bashCompletion } from './bash-completion.js';
import { commandTree } from './command-tree.js';
import { fishCompletion } from './fish-completion.js';
import { zshCompletion } from './zsh-completion.js';

const program = buildProgram(() => {
  throw new Error('no context is needed');
});
const tree = commandTree(program);

/** What bash offers behind these words; the last one is being typed. */
function offered(...words: readonly string[]): readonly string[] {
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const script = `${bashCompletion(tree)}
COMP_WORDS=(tally ${quoted}); COMP_CWORD=${words.length}
_tally; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', script], {
    encoding: 'utf8',
    timeout: 10_000,
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout.trim().split('\n');
}

describe('completion', () => {
  it('offers in bash exactly the commands and options of the tree', () => {
    const run = tree.find(({ path }) => path.join(' ') === 'run');
    const words = [...(run?.commands ?? []), ...(run?.options ?? [])].map(({ word }) => word);
    expect(offered('run', '').toSorted()).toEqual([...words, '--help'].toSorted());
    expect(offered('run', 'exp')).toEqual(['export']);
    expect(offered('run', 'export', '0', '--tens')).toEqual(['--tensorboard']);
  });

  const scripts = [
    { shell: 'bash', script: bashCompletion(tree), check: '-n' },
    { shell: 'zsh', script: zshCompletion(tree), check: '-n' },
    { shell: 'fish', script: fishCompletion(tree), check: '--no-execute' },
  ] as const;

  it.each(scripts)('$shell: names every command and option', ({ script }) => {
    const words = tree.flatMap(({ options, commands }) => [...options, ...commands]);
    for (const { word } of words) expect(script).toContain(word.replace(/^--/, ''));
  });

  const installed = scripts.filter(({ shell }) => spawnSync(shell, ['--version']).status === 0);

  it.each(installed)('$shell itself can read it', ({ shell, script, check }) => {
    const options = { input: script, encoding: 'utf8', timeout: 10_000 } as const;
    const { status, stderr } = spawnSync(shell, [check], options); // a shell reads a script from its stdin
    expect([status, stderr]).toEqual([0, '']);
  });
});
