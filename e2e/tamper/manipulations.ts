import { execFile } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const built = (file: string): string =>
  fileURLToPath(new URL(`../../libs/audit/dist/testing/${file}`, import.meta.url));
const MAIN = built('tamper-main.js');

/** Value of NODE_OPTIONS under which every way to the network fails. */
export const NO_NETWORK: string = `--import=${new URL('../../libs/audit/dist/testing/no-network.js', import.meta.url).href}`;

/** One way to cheat. */
export interface Manipulation {
  readonly name: string;
  readonly level: 'raw' | 'repaired';
  /** Logs the audit is given: as they are, as they were before the last result arrived, or none. */
  readonly anchors: 'whole' | 'before the last result' | 'none';
}

/** What `audit verify` must find; without `step` it refuses the bundle with exit 66. */
export interface Expectation {
  readonly step?: `V${number}`;
  readonly round?: number;
  /** The finding's record begins with it. */
  readonly record: string;
  readonly by?: string;
}

/** The table, as the audit's own tests use it. */
export async function listManipulations(): Promise<readonly Manipulation[]> {
  const { stdout } = await run(process.execPath, [MAIN, 'list']);
  return JSON.parse(stdout) as Manipulation[]; // printed by our own program
}

/**
 * Copies `bundle` to `copy` and manipulates the copy with the operator's keys in `keys` (<data>/keys), which raw ones do
 * without. Undefined: the bundle has nothing of the kind (no decline, no empty round).
 */
export async function manipulate(
  name: string,
  folders: { readonly bundle: string; readonly copy: string; readonly keys?: string },
): Promise<Expectation | undefined> {
  await cp(folders.bundle, folders.copy, { recursive: true });
  const keys = folders.keys === undefined ? [] : [folders.keys];
  const args = [MAIN, 'apply', name, folders.copy, ...keys];
  const { stdout } = await run(process.execPath, args);
  const expected = JSON.parse(stdout) as Expectation | null; // printed by our own program
  return expected ?? undefined;
}

/** Exit code that the expectation stands for. */
export function exitCodeFor({ step }: Expectation): number {
  return step === undefined ? 66 : Number(step.slice(1));
}

interface Line {
  readonly type: string;
  readonly round?: number;
}

/** Writes `log` as it was before the result of `round` arrived: without that round's header and inclusion. */
export async function olderLog(log: string, older: string, round: number): Promise<void> {
  const lines = (await readFile(log, 'utf8')).trimEnd().split('\n');
  const kept = lines.filter((text) => {
    const line = JSON.parse(text) as Line; // written by our own node
    const isResult = line.type === 'header' || line.type === 'inclusion';
    return !(isResult && line.round === round);
  });
  await writeFile(older, `${kept.join('\n')}\n`);
}
