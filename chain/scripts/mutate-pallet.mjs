#!/usr/bin/env node
/**
 * Does a test of pallet-tally fail for each fault put into it? Makes a copy of the workspace with a switch for every
 * mutant (mutants.mjs), builds its tests once, and runs them with one mutant after another.
 *
 *   node mutate-pallet.mjs [--only 'epochs|claims'] [--jobs 2] [--near]       CARGO_TARGET_DIR is used as it is
 *
 * With --near only the tests of the mutant's own part are run: quick, and some of what survives would be found elsewhere. A
 * run that does not end in time says nothing, and ends this one.
 *
 * Prints what survives; exits 1 when something does that EQUIVALENT does not explain. About 20 minutes on two cores.
 */
import { execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { EQUIVALENT } from './equivalent-mutants.mjs';
import { switched, SWITCHES } from './mutants.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What tests are made of, and what has no effect that a test of the pallet could see. */
const LEFT_OUT = new Set([
  ...['federation.rs', 'mock.rs', 'payroll.rs', 'invariants.rs', 'epoch_invariants.rs'],
  ...['errors.rs', 'events.rs', 'lib.rs', 'types.rs', 'evidence.rs', 'weights.rs', 'api.rs'],
]);
/** Take seconds: only for what the others let pass. */
const SLOW = [
  'random',
  'payouts',
  'one_call_prunes',
  'the_last_span',
  'voided_too_often',
  'sixteen',
];
/** Tests of a file that has not its own. */
const NEAR = new Map([
  ['attests.rs', ['succession']],
  ['claims.rs', ['claims', 'epochs']],
  ['epochs.rs', ['epochs', 'claims', 'shares']],
  ['bonds.rs', ['disputes', 'epochs']],
  ['calls.rs', ['nodes', 'epochs']],
  ['checks.rs', ['commit', 'runs']],
  ['leaves.rs', ['answers']],
  ['rounds.rs', ['commit', 'voids']],
  ['terms.rs', ['runs']],
]);
const RUN_MS = 400_000;
const MAX_OUTPUT = 1 << 24;
const run = promisify(execFile);

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    jobs: { type: 'string', default: '2' },
    near: { type: 'boolean', default: false },
  },
});

/** Writes the copy; what its switches do. */
function plant(folder) {
  for (const part of ['Cargo.toml', 'Cargo.lock', 'records', 'pallets', 'runtime']) {
    cpSync(join(ROOT, 'chain', part), join(folder, 'chain', part), { recursive: true });
  }
  cpSync(join(ROOT, 'test-vectors'), join(folder, 'test-vectors'), { recursive: true });
  const source = join(folder, 'chain/pallets/tally/src');
  const mutants = [];
  for (const file of readdirSync(source)
    .filter((name) => name.endsWith('.rs'))
    .toSorted()) {
    if (LEFT_OUT.has(file)) continue;
    const path = join(source, file);
    const made = switched(readFileSync(path, 'utf8'), mutants.length + 1);
    mutants.push(...made.mutants.map((mutant) => ({ file, ...mutant })));
    const isUsed = /\.(plus|minus|least|most)\(/.test(made.text);
    const use = isUsed ? '#[allow(unused_imports)]\nuse crate::mutants::Arith as _;\n' : '';
    writeFileSync(path, made.text.replace(/^((?:\/\/!.*\n)*\n?)/, `$1${use}`));
  }
  writeFileSync(join(source, 'mutants.rs'), SWITCHES);
  const lib = join(source, 'lib.rs');
  const text = readFileSync(lib, 'utf8').replace(
    'extern crate alloc;',
    'extern crate alloc;\nmod mutants;',
  );
  writeFileSync(lib, text);
  const manifest = join(folder, 'chain/Cargo.toml');
  const relaxed = readFileSync(manifest, 'utf8').replace(
    'missing_docs = "deny"',
    'missing_docs = "allow"',
  );
  writeFileSync(manifest, relaxed);
  return mutants;
}

/** Path of the test binary. */
function build(folder) {
  const args = [
    'test',
    '--locked',
    '-p',
    'pallet-tally',
    '--lib',
    '--no-run',
    '--message-format=json',
  ];
  const cwd = join(folder, 'chain');
  const { status, stdout } = spawnSync('cargo', args, {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: MAX_OUTPUT,
  });
  const lines = String(stdout)
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  if (status !== 0) {
    for (const { message } of lines)
      if (message?.level === 'error') console.error(message.rendered);
    process.exit(70);
  }
  return lines.findLast(({ executable }) => executable)?.executable;
}

async function passes(binary, folder, number, args) {
  const cwd = join(folder, 'chain/pallets/tally');
  const env = {
    ...process.env,
    TALLY_MUTANT: String(number),
    RUSTC_BOOTSTRAP: '1',
    RUST_BACKTRACE: '0',
  };
  const options = { cwd, env, timeout: RUN_MS, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT };
  const flags = ['-q', '-Z', 'unstable-options', '--fail-fast', '--test-threads=1'];
  return run(binary, [...flags, ...args], options).then(
    () => true,
    ({ killed, stdout }) => {
      if (killed) throw new Error(`the tests of mutant ${number} did not end within ${RUN_MS} ms`);
      if (number === 0) console.error(stdout);
      return false;
    },
  );
}

/** The tests that are likely to fail first, then the others, the slow ones last. */
async function survives(binary, folder, { number, file }) {
  const skipped = SLOW.flatMap((name) => ['--skip', name]);
  const near = NEAR.get(file) ?? [file.replace('.rs', '')];
  const first = near.map((name) => `tests::${name}`);
  return (
    (await passes(binary, folder, number, [...first, ...skipped])) &&
    (flags.near ||
      ((await passes(binary, folder, number, skipped)) &&
        (await passes(binary, folder, number, SLOW))))
  );
}

const folder = mkdtempSync(join(tmpdir(), 'tally-mutants-'));
try {
  const all = plant(folder);
  const binary = build(folder);
  if (!(await survives(binary, folder, { number: 0, file: 'claims.rs' })))
    throw new Error('the tests fail without a mutant');
  const wanted = all.filter(({ file }) => new RegExp(flags.only).test(file));
  const left = [...wanted];
  const survivors = [];
  const worker = async () => {
    for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
      if (!(await survives(binary, folder, mutant))) continue;
      survivors.push(mutant);
      const { file, line, what } = mutant;
      const reason = EQUIVALENT.get(`${file} ${what}`);
      console.log(
        `${reason === undefined ? 'SURVIVED' : 'same    '} ${file}:${line} ${what}${reason === undefined ? '' : `: ${reason}`}`,
      );
    }
  };
  await Promise.all(Array.from({ length: Number(flags.jobs) }, worker));
  const unexplained = survivors.filter(({ file, what }) => !EQUIVALENT.has(`${file} ${what}`));
  console.log(
    `${wanted.length} mutants, ${wanted.length - survivors.length} found, ${survivors.length - unexplained.length} the same, ${unexplained.length} SURVIVED`,
  );
  process.exitCode = unexplained.length > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
