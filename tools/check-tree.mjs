// @ts-check
/**
 * What no other tool looks at: files stay short, nothing of the machine it was written on stays in the
 * tree, lock files name no registry, and no test is skipped. Exits 1 and lists every fault.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAX_LINES = 400;
const SOURCE = /\.(ts|tsx|mjs|cjs|rs|sh)$/;
const TEXT = /\.(ts|tsx|mjs|cjs|js|rs|toml|sh|json|md|ya?ml|txt|css|html)$/;
/** Absolute paths into somebody's home or workplace; `[./]` keeps URLs like /work-items out. */
const LOCAL_PATH = /(?:^|[^\w.])\/(?:home|Users|root|work)[./][A-Za-z]/m;
const TEST = /\.(spec|e2e|config)\.ts$/;
const RETRIED = /\bretry: *[1-9]/;
const SKIPPED = /\b(?:it|test|describe)\.(?:skip|only|todo)\b|#\[ignore\]/;

/** @typedef {{ path: string, text: string }} TreeFile */

/** @param {TreeFile} file @returns {string[]} its faults, each one line */
export function faultsOf({ path, text }) {
  const faults = [];
  const lines = text.split('\n').length - 1;
  if (SOURCE.test(path) && lines > MAX_LINES) {
    faults.push(`${path}: ${lines} lines, the limit is ${MAX_LINES}: split it along a seam`);
  }
  const local = LOCAL_PATH.exec(text);
  if (local !== null && basename(path) !== 'package-lock.json') {
    faults.push(`${path}: names a path of one machine: ${local[0].trim()}…`);
  }
  if (SOURCE.test(path) && SKIPPED.test(text)) {
    faults.push(`${path}: a skipped or focused test`);
  }
  if (TEST.test(path) && RETRIED.test(text)) faults.push(`${path}: a test that is tried again`);
  if (basename(path) === 'package-lock.json' && text.includes('"resolved": "http')) {
    faults.push(`${path}: names a registry; run npm install again with this folder's .npmrc`);
  }
  return faults;
}

/** @param {string} root @returns {string[]} every file git tracks or would track */
function treeOf(root) {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8' });
  return listed.split('\0').filter((path) => path !== '' && existsSync(join(root, path)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const faults = treeOf(root)
    .filter((path) => TEXT.test(path))
    .flatMap((path) => faultsOf({ path, text: readFileSync(join(root, path), 'utf8') }));
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
