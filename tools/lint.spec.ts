import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Every line is one planted breach: file, source, the rule that must name it. */
const BREACHES: readonly (readonly [path: string, source: string, rule: string])[] = [
  ['libs/site/src/a.ts', 'Promise.resolve(1);', 'no-floating-promises'],
  [
    'libs/site/src/b.ts',
    "process.on('exit', async () => { await Promise.resolve(); });",
    'no-misused-promises',
  ],
  [
    'libs/site/src/c.ts',
    "export function f(x: 'a' | 'b'): void { switch (x) { case 'a': break; } }",
    'switch-exhaustiveness-check',
  ],
  ['libs/site/src/d.ts', "export const e = process.env['HOME'];", 'no-process-env'],
  ['libs/site/src/e.ts', 'export const x: any = 1;', 'no-explicit-any'],
  ['libs/site/src/f.ts', "export const x: number = JSON.parse('1');", 'no-unsafe-assignment'],
  ['libs/site/src/g.ts', 'export const f = (x?: string): string => x!;', 'no-non-null-assertion'],
  ['libs/site/src/h.ts', "export function f(): never { throw 'no'; }", 'only-throw-error'],
  ['libs/site/src/i.ts', "console.log('a');", 'no-console'],
  ['libs/rounds/src/a.ts', 'export const now = Date.now();', 'no-restricted-properties'],
  ['libs/rounds/src/b.ts', 'setTimeout(() => undefined, 1);', 'no-restricted-globals'],
  [
    'libs/site/src/j.ts',
    `export function f(): void {${'\n  f();'.repeat(41)}\n}`,
    'max-lines-per-function',
  ],
  ['libs/site/src/k.ts', `${'// \n'.repeat(401)}export {};`, 'max-lines'],
  [
    'libs/site/src/l.spec.ts',
    "import { vi } from 'vitest';\nvi.mock('./a.js');",
    'no-restricted-vi-methods',
  ],
];

const HARMLESS: readonly (readonly [path: string, source: string])[] = [
  ['libs/kernel/src/node/clock.ts', 'export const now = (): number => Date.now();'],
  ['apps/coordinator/src/main.ts', "export const e = process.env['HOME'];"],
];

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
}

let root: string;
let found: readonly Diagnostic[];

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tally-lint-'));
  for (const name of ['.oxlintrc.json', 'tsconfig.base.json']) {
    copyFileSync(join(ROOT, name), join(root, name));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  const config = {
    extends: './tsconfig.base.json',
    compilerOptions: { types: ['node'], rootDir: '.' },
  };
  writeFileSync(
    join(root, 'tsconfig.json'),
    JSON.stringify({ ...config, include: ['libs', 'apps'] }),
  );
  for (const [path, source] of [...BREACHES, ...HARMLESS]) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${source}\n`);
  }
  const cli = join(ROOT, 'node_modules/oxlint/bin/oxlint');
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [cli, '--type-aware', '--format', 'json', 'libs', 'apps'],
    { cwd: root, encoding: 'utf8' },
  );
  if (!stdout.startsWith('{')) throw new Error(stdout + stderr);
  found = JSON.parse(stdout).diagnostics;
});

afterAll(() => rmSync(root, { recursive: true }));

it.each(BREACHES)('%s breaks a rule', (path, _source, rule) => {
  const codes = found.filter(({ filename }) => filename === path).map(({ code }) => code);
  expect(codes.join()).toContain(`(${rule})`);
});

it.each(HARMLESS)('%s is allowed', (path) => {
  expect(found.filter(({ filename }) => filename === path)).toEqual([]);
});
