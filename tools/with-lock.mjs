// @ts-check
/** A lock file for the repository's own scripts: it holds the pid, and a dead holder does not hold it. */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** No build takes this long; a holder that does is a recycled pid or a hung process. */
const DEADLINE_MS = 10 * 60_000;
const POLL_MS = 100;

/** @param {unknown} error @param {string} code @returns {boolean} */
function hasCode(error, code) {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** @param {number} pid @returns {boolean} whether a process of that pid exists, ours or not */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

/** @param {string} path @returns {string | undefined} what the lock file says; undefined when there is none */
function holder(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** @param {string} path @returns {boolean} whether we hold it now; the file appears with its content or not at all */
function tryAcquire(path) {
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, `${process.pid}`);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Removes the file of a dead holder. It is moved aside first: when another waiter was quicker, the file that
 * was moved names the new holder, and goes back.
 * @param {string} path @param {number} dead
 */
function breakStale(path, dead) {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
    if (readFileSync(aside, 'utf8') !== `${dead}`) linkSync(aside, path);
  } catch (error) {
    if (!hasCode(error, 'ENOENT') && !hasCode(error, 'EEXIST')) throw error;
  }
  rmSync(aside, { force: true });
}

/**
 * Runs `work` while holding the lock file at `path`; waits for a living holder at most ten minutes.
 * @template T
 * @param {string} path
 * @param {() => T | Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(path, work) {
  const untilMs = performance.now() + DEADLINE_MS;
  while (!tryAcquire(path)) {
    const pid = Number(holder(path) ?? Number.NaN);
    if (pid > 0 && !isAlive(pid)) {
      breakStale(path, pid);
      continue;
    }
    if (performance.now() > untilMs) {
      throw new Error(`${path} is held by process ${pid}: end that process or remove the file`);
    }
    await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}
