import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { faultsOf } from './check-tree.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LETTERS = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I'] as const;

/** A title that begins with a letter and a colon, in any way a test can be declared. */
const TITLE = /\b(?:it|test|describe)\b[^;]*?\(\s*(['"`])([A-I]): /g;

const specs = execFileSync(
  'git',
  ['ls-files', '-co', '--exclude-standard', '*.spec.ts', '*.e2e.ts'],
  {
    cwd: ROOT,
    encoding: 'utf8',
  },
)
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(ROOT, path)))
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));

it.each(LETTERS)('I: acceptance letter %s has a test that is named after it', (letter) => {
  const named = specs.filter(({ text }) =>
    [...text.matchAll(TITLE)].some((title) => title[2] === letter),
  );
  expect(named.map(({ path }) => path)).not.toEqual([]);
});

it('I: no test is skipped, focused or retried', () => {
  const path = 'vitest.config.ts';
  const config = { path, text: readFileSync(join(ROOT, path), 'utf8') };
  expect([...specs, config].flatMap(faultsOf)).toEqual([]);
});
