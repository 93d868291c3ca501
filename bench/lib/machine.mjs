// @ts-check
/** What the figures were measured on: in front of every table. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

const require = createRequire(import.meta.url);

/** @param {string} name @returns {string} version of an installed package */
function versionOf(name) {
  try {
    const { version } = JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8'));
    return version;
  } catch {
    return 'absent';
  }
}

/** Load of the last minute. */
export function load() {
  return Number((loadavg()[0] ?? 0).toFixed(2));
}

/** Open files a process may have; Node raises its soft limit to the hard one by itself. */
export function maxOpenFiles() {
  try {
    const text = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
    return text === 'unlimited' ? Infinity : Number(text);
  } catch {
    return 1_024;
  }
}

/** Machine, versions and load now. */
export function machine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Number((totalmem() / 2 ** 30).toFixed(1)),
    node: process.version,
    v8: process.versions.v8,
    openssl: process.versions.openssl,
    ws: versionOf('ws'),
    bufferutil: versionOf('bufferutil'),
    load: load(),
  };
}
