import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What postmaster.pid says (src/include/utils/pidfile.h); it may speak of a process that is long gone. */
export interface Postmaster {
  readonly pid: number;
  readonly startedAtMs: number;
  readonly socketFolder: string;
  readonly status: string;
}

/** Reads `data`/postmaster.pid; undefined when there is none, or not a whole one yet. */
export async function readPostmaster(data: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const [pid, , started, , socketFolder, , , status] = text.split('\n').map((line) => line.trim());
  if (pid === undefined || started === undefined || socketFolder === undefined) return undefined;
  return {
    pid: Number(pid),
    startedAtMs: Number(started) * 1000,
    socketFolder,
    status: status ?? 'starting',
  };
}

async function serversFromProc(data: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
      if (cwd !== data) return [];
      const program = await readlink(`/proc/${pid}/exe`).catch(() => '');
      return basename(program).startsWith('postgres') ? [Number(pid)] : [];
    }),
  );
  return found.flat();
}

/** Reads `lsof -Fpn`: lines p<pid>, f<descriptor>, n<path>. */
export function parseLsof(output: string, data: string): number[] {
  const pids: number[] = [];
  let pid = 0;
  for (const line of output.split('\n')) {
    if (line.startsWith('p')) pid = Number(line.slice(1));
    if (line === `n${data}`) pids.push(pid);
  }
  return pids;
}

async function serversFromLsof(data: string): Promise<number[]> {
  // lsof exits 1 when nothing matches.
  const output = await run('lsof', ['-a', '-d', 'cwd', '-c', 'postgres', '-Fpn']).then(
    ({ stdout }) => stdout,
    () => '',
  );
  return parseLsof(output, data);
}

/**
 * Pids of the server processes of the cluster `data` (a real path): all of them work inside it. Surer than any
 * pid file: `pg_ctl status` says "running" for whatever process has the pid now.
 */
export function serversOf(data: string): Promise<number[]> {
  return process.platform === 'linux' ? serversFromProc(data) : serversFromLsof(data);
}
