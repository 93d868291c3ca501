// @ts-check
/** What Linux says of a process (proc(5)). */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Clock ticks per second: USER_HZ is 100 on every Linux that Node runs on. */
const TICKS = 100;

/** User and system seconds of all threads so far; resolution 10 ms. @param {number} pid */
export function cpuSeconds(pid) {
  const fields = statOf(pid);
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS;
}

/** @param {number} pid */
export function childrenOf(pid) {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((child) => Number(statOf(child)[1]) === pid);
}

/** Fields of /proc/<pid>/stat after the name; none when the process is gone. @param {number} pid @returns {string[]} */
function statOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** @param {number} pid @returns {{ rss: number, peak: number }} bytes resident now, and at most so far */
export function memory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return { rss: kib(status, 'VmRSS'), peak: kib(status, 'VmHWM') };
}

/** Forgets the peak of a process so far: it starts again from what is resident now (proc(5), clear_refs). @param {number} pid */
export function resetPeak(pid) {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** @param {string} status @param {string} name */
function kib(status, name) {
  const [, digits] = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status) ?? [];
  return 1_024 * Number(digits ?? 0);
}

/** CPU seconds this process used for `work`, all threads, and its wall seconds. @param {() => void} work */
export function measured(work) {
  const before = process.cpuUsage();
  const startMs = performance.now();
  work();
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / 1e6, wall: (performance.now() - startMs) / 1e3 };
}

/** The same for work that awaits. @param {() => Promise<unknown>} work */
export async function measuredAsync(work) {
  const before = process.cpuUsage();
  const startMs = performance.now();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / 1e6, wall: (performance.now() - startMs) / 1e3 };
}
