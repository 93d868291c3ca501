/** What Linux says of processes and sockets (proc(5)). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // the process ended while we looked
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Every process there is. */
export function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Fields of /proc/<pid>/stat after the name: state, parent, … */
function statOf(pid: number): string[] {
  const stat = read(`/proc/${pid}/stat`);
  return stat === '' ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** A zombie counts as gone. */
export function isAlive(pid: number): boolean {
  const [state] = statOf(pid);
  return state !== undefined && state !== 'Z' && state !== 'X';
}

export function childrenOf(pid: number): number[] {
  return allPids().filter((child) => Number(statOf(child)[1]) === pid);
}

/** User and system time in clock ticks. */
export function cpuTicksOf(pid: number): number {
  const fields = statOf(pid);
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}

export const commandOf = (pid: number): string =>
  read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
export const environmentOf = (pid: number): string => read(`/proc/${pid}/environ`);
export const folderOf = (pid: number): string => link(`/proc/${pid}/cwd`);

/** Processes that hold an established connection to `port` of this machine, as its client. */
export function pidsConnectedTo(port: number): Set<number> {
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => inodesTo(read(table), port)),
  );
  return new Set(
    allPids().filter((pid) => {
      try {
        return readdirSync(`/proc/${pid}/fd`).some((fd) => {
          const [, inode] = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${fd}`)) ?? [];
          return inode !== undefined && inodes.has(inode);
        });
      } catch {
        return false;
      }
    }),
  );
}

const ESTABLISHED = '01';

/** Lines: sl local_address rem_address st … inode (10th). */
function inodesTo(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , remote, state]) => remote?.endsWith(suffix) === true && state === ESTABLISHED)
    .map((fields) => fields[9] ?? '');
}
