// @ts-check
/**
 * Builds what changed: `node tools/build.mjs`. Fresh: 0.1 s and not a word. Stale: `tsc -b tsconfig.build.json`, then
 * the pages (apps with an index.html) by Vite.
 *
 * Fresh means that the fingerprint (path, size, modification time) of every input equals the one written
 * after the last successful build, and that every project still has its output. One build at a time: a
 * second caller waits for the first and then finds nothing to do. Everything printed goes to stderr, because
 * stdout belongs to the command that follows.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './with-lock.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ROOMS = ['libs', 'apps'];

/** @param {string} folder @returns {string[]} names of its sub-folders, sorted; none when it does not exist */
function subfolders(folder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}

/** @param {string} folder @returns {string[]} every source file below it; specs are not built, so they do not count */
function sources(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sources(path);
      return entry.name.endsWith('.spec.ts') ? [] : [path];
    });
}

/** @param {string} root @returns {string[]} every file whose change must lead to a build */
function inputs(root) {
  const config = ['package.json', 'package-lock.json'].concat(
    readdirSync(root).filter((name) => /^tsconfig.*\.json$/.test(name)),
  );
  const rooms = ROOMS.flatMap((tier) =>
    subfolders(join(root, tier)).map((room) => join(tier, room)),
  );
  return [
    ...config.map((name) => join(root, name)),
    ...rooms.flatMap((room) => [
      join(root, room, 'package.json'),
      join(root, room, 'tsconfig.json'),
      join(root, room, 'index.html'),
      join(root, room, 'vite.config.ts'),
      ...sources(join(root, room, 'src')),
    ]),
  ].filter((path) => existsSync(path));
}

/** @param {string} root @returns {string} digest of the state of all inputs */
export function fingerprint(root) {
  const hash = createHash('sha256');
  for (const path of inputs(root)) {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path.slice(root.length)}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** @param {string} root @returns {string[]} folders of the apps that a browser runs */
function pages(root) {
  return subfolders(join(root, 'apps'))
    .map((room) => join(root, 'apps', room))
    .filter((folder) => existsSync(join(folder, 'index.html')));
}

/** @param {string} root @returns {boolean} whether every project of tsconfig.build.json, and every page, has its output */
function hasOutput(root) {
  /** @type {{ references: { path: string }[] }} */
  const { references } = JSON.parse(readFileSync(join(root, 'tsconfig.build.json'), 'utf8'));
  return (
    references.every(({ path }) => existsSync(join(root, path, 'dist', '.tsbuildinfo'))) &&
    pages(root).every((folder) => existsSync(join(folder, 'dist', 'index.html')))
  );
}

/** @param {string} root @returns {boolean} */
export function isFresh(root) {
  const stamp = join(root, 'node_modules', '.cache', 'tally-build.stamp');
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(root) && hasOutput(root);
}

/** @param {string} cwd @param {string[]} args @returns {boolean} whether the script ended well */
function run(cwd, args) {
  const { status } = spawnSync(process.execPath, args, { cwd, stdio: ['ignore', 2, 2] });
  return status === 0;
}

/**
 * Compiles; the stamp holds the fingerprint from before, so that a file saved meanwhile is built next time.
 * @param {string} root @returns {boolean} false when the compiler reported errors
 */
function compile(root) {
  const before = fingerprint(root);
  const startMs = performance.now();
  process.stderr.write('building …\n');
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const ok =
    run(root, [tsc, '-b', 'tsconfig.build.json']) &&
    pages(root).every((folder) => run(folder, [vite, 'build', '--logLevel', 'warn']));
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  if (!ok) {
    process.stderr.write(`build failed after ${seconds} s\n`);
    return false;
  }
  writeFileSync(join(root, 'node_modules', '.cache', 'tally-build.stamp'), before);
  process.stderr.write(`built in ${seconds} s\n`);
  return true;
}

/**
 * Brings every `dist` up to date.
 * @param {string} [root] @returns {Promise<boolean>} false when the compiler reported errors
 */
export function build(root = ROOT) {
  if (isFresh(root)) return Promise.resolve(true);
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  return withLock(join(cache, 'tally-build.lock'), () => isFresh(root) || compile(root));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = (await build()) ? 0 : 1;
}
