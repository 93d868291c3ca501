import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Linux: the boot's id and the process's start in clock ticks (proc(5), fields 3 and 22); no clock can shift them. */
async function birthFromProc(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The name in parentheses may hold spaces and parentheses; the numbers follow the last one.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, start] = [fields?.[0], fields?.[19]];
  if (start === undefined || state === 'Z' || state === 'X') return undefined;
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return `${boot.trim()}/${start}`;
}

/** Reads `ps -o stat=,lstart=`: the start to the second, unless the process is a zombie. */
export function parsePs(output: string): string | undefined {
  const [, state, start] = /^\s*(\S+)\s+(.+?)\s*$/.exec(output) ?? [];
  return state?.startsWith('Z') ? undefined : start;
}

async function birthFromPs(pid: number): Promise<string | undefined> {
  const args = ['-o', 'stat=,lstart=', '-p', String(pid)];
  // ps exits 1 when there is no such process.
  return parsePs(
    await run('ps', args).then(
      ({ stdout }) => stdout,
      () => '',
    ),
  );
}

/**
 * When process `pid` was born, as an opaque word; undefined when there is none (a zombie counts as gone).
 * A pid alone names nothing for long: it is given to another process after a restart. Pid and birth do.
 */
export function processBirth(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? birthFromProc(pid) : birthFromPs(pid);
}
