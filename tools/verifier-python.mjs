// @ts-check
/**
 * Makes the Python environment of docs/verifier once, from PyPI: `node tools/verifier-python.mjs`. The test of the verifier
 * takes it, or a `python3` that has the package; without either it says that it did not run.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = join(ROOT, 'node_modules/.cache/tally-verifier');
const REQUIREMENTS = join(ROOT, 'docs/verifier/requirements.txt');
const INSTALL_MS = 300_000;

const python = join(FOLDER, 'bin/python');
if (!existsSync(python)) {
  execFileSync('python3', ['-m', 'venv', FOLDER], { stdio: 'inherit', timeout: INSTALL_MS });
}
const pip = ['-m', 'pip', 'install', '--quiet', '--requirement', REQUIREMENTS];
execFileSync(python, pip, { stdio: 'inherit', timeout: INSTALL_MS });
console.log(python);
