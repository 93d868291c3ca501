import { readFile } from 'node:fs/promises';

/** Clock ticks of /proc/<pid>/stat per second; 100 on every Linux that Node supports. */
const TICKS_PER_SECOND = 100;

/**
 * CPU seconds of these processes and of their waited-for children (utime, stime, cutime, cstime of proc(5)), with
 * this process. 0 for those that are gone, and everywhere but on Linux.
 */
export async function cpuSecondsOf(pids: readonly number[]): Promise<number> {
  const ticks = await Promise.all([process.pid, ...pids].map(ticksOf));
  return ticks.reduce((sum, value) => sum + value, 0) / TICKS_PER_SECOND;
}

async function ticksOf(pid: number): Promise<number> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  } catch {
    return 0;
  }
}
