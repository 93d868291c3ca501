import { execFile, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const FOLDER = fileURLToPath(new URL('../python/', import.meta.url));
const run = promisify(execFile);
const hasPython = spawnSync('python3', ['--version']).status === 0;

describe('the package for Python', () => {
  it('has no dependencies at its core', async () => {
    expect(await readFile(`${FOLDER}pyproject.toml`, 'utf8')).toContain('\ndependencies = []\n');
  });

  if (!hasPython) {
    process.stderr.write('the tests of python/ did not run: no python3\n');
    return;
  }

  it('passes its own tests with the standard library alone', async () => {
    const args = ['-I', '-S', '-m', 'unittest', 'discover', '-s', 'tests'];
    const { stderr } = await run('python3', args, { cwd: FOLDER, timeout: 25_000 });
    expect(stderr).toMatch(/Ran (?!0 )\d+ tests/);
    expect(stderr).toMatch(/\nOK\s*$/);
  });
});
