// @ts-check
/**
 * Every gate but the tests: `npm run check`. Runs all steps even when one fails, prints each with its
 * seconds, shows the output of those that failed, and exits with the number of failures.
 *
 *   node tools/check.mjs            all steps
 *   node tools/check.mjs lint docs  only these
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters, styleText } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** @type {readonly { name: string, command: string, args: readonly string[] }[]} */
const STEPS = [
  { name: 'format', command: 'prettier', args: ['--check', '--log-level', 'warn', '.'] },
  { name: 'lint', command: 'oxlint', args: ['--type-aware', '--deny-warnings'] },
  { name: 'types', command: 'tsc', args: ['-b', 'tsconfig.json'] },
  {
    name: 'boundaries',
    command: 'depcruise',
    args: ['libs', 'apps', 'e2e', 'bench'].filter((folder) =>
      existsSync(new URL(`../${folder}`, import.meta.url)),
    ),
  },
  { name: 'unused', command: 'knip', args: ['--no-progress', '--no-config-hints'] },
  { name: 'docs', command: 'node', args: ['tools/docs.mjs', '--check'] },
  { name: 'kernels', command: 'node', args: ['tools/build-wasm.mjs', '--check'] },
  { name: 'runtime', command: 'node', args: ['chain/scripts/verify-manifest.mjs'] },
  { name: 'tree', command: 'node', args: ['tools/check-tree.mjs'] },
  { name: 'page', command: 'node', args: ['tools/page-budget.mjs'] },
];

/**
 * @param {string} command @param {readonly string[]} args
 * @returns {Promise<{ ok: boolean, output: string }>} stdout and stderr in the order they came
 */
function run(command, args) {
  const npx = command !== 'node';
  const argv = npx ? ['--no-install', command, ...args] : args;
  return new Promise((resolve) => {
    const child = spawn(npx ? 'npx' : process.execPath, argv, { cwd: ROOT });
    let output = '';
    const collect = (/** @type {Buffer} */ chunk) => void (output += chunk.toString());
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error) => resolve({ ok: false, output: error.message }));
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !STEPS.some((step) => step.name === name));
if (unknown.length > 0) {
  console.error(`no step ${unknown.join(', ')}; there are ${STEPS.map((s) => s.name).join(', ')}`);
  process.exit(64);
}

let failures = 0;
for (const { name, command, args } of STEPS) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const startMs = performance.now();
  const { ok, output } = await run(command, args);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  const word = ok ? styleText('green', 'ok    ') : styleText('red', 'FAILED');
  console.log(`${word} ${name.padEnd(10)} ${seconds.padStart(5)} s`);
  if (ok) continue;
  failures++;
  console.log(stripVTControlCharacters(output).trimEnd().replace(/^/gm, '       '));
}
if (failures > 0) console.log(`${failures} of the checks failed`);
process.exitCode = failures;
