import { execFile } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './stage.js';

const run = promisify(execFile);
const INSTALL_MS = 180_000;
/** One of each major version that we promise to run on. */
const VERSIONS = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0' } as const;

/**
 * Paths of a Node of each major version, from the packages `node-<os>-<arch>` of the npm registry, kept in a cache that
 * git ignores. Fails when one cannot be had: a version that was not run has proven nothing.
 */
export async function nodesOfEveryVersion(): Promise<ReadonlyMap<string, string>> {
  const nodes = new Map<string, string>();
  for (const version of Object.values(VERSIONS)) nodes.set(`v${version}`, await nodeOf(version));
  return nodes;
}

async function nodeOf(version: string): Promise<string> {
  if (process.version === `v${version}`) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(ROOT, 'node_modules/.cache/tally-nodes', version);
  const binary = join(folder, 'node_modules', name, 'bin/node');
  const isHere = await access(binary).then(
    () => true,
    () => false,
  );
  if (!isHere) await install(`${name}@${version}`, folder);
  const { stdout } = await run(binary, ['--version']);
  if (stdout.trim() !== `v${version}`) throw new Error(`${binary} is ${stdout}, not ${version}`);
  return binary;
}

async function install(what: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const quiet = ['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts'];
  try {
    await run('npm', ['install', '--prefix', folder, ...quiet, what], { timeout: INSTALL_MS });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`NOT TESTED: ${what} cannot be had from the npm registry: ${why}`, {
      cause: error,
    });
  }
}
