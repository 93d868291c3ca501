import { execFile } from 'node:child_process';
import { TallyError } from '@tallystick/kernel';
import { hasErrno } from '@tallystick/kernel/node';

/** A large federation's metadata is some hundred MB. */
const TIMEOUT_MS = 3_600_000;
const MAX_OUTPUT_BYTES = 1 << 20;

/** A PostgreSQL that is not the embedded one. */
export interface ExternalDatabase {
  readonly url: string;
  /** Of the client's programs: PATH, and what libpq reads. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A program of PostgreSQL's client package, and what it is called with for a database. */
export interface ClientProgram {
  readonly program: 'pg_dump' | 'pg_restore';
  readonly argsFor: (url: string) => readonly string[];
}

export function dumpProgram(file: string): ClientProgram {
  const argsFor = (url: string): readonly string[] => [
    '--format=custom',
    '--no-owner',
    `--file=${file}`,
    url,
  ];
  return { program: 'pg_dump', argsFor };
}

/** Into an empty database, whole or not at all. */
export function restoreProgram(file: string): ClientProgram {
  const argsFor = (url: string): readonly string[] => [
    '--exit-on-error',
    '--single-transaction',
    '--no-owner',
    `--dbname=${url}`,
    file,
  ];
  return { program: 'pg_restore', argsFor };
}

/** As a person types it: without the password, which PostgreSQL asks for or finds in ~/.pgpass. */
export function commandOf({ program, argsFor }: ClientProgram, url: string): string {
  const shown = new URL(url);
  shown.password = '';
  return [program, ...argsFor(shown.href)].map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * Runs it against the database. False when the program is not installed; throws STORE_DUMP_FAILED with its last
 * line. The password goes by the environment: the arguments of a process can be read by everybody on the machine.
 */
export async function runClient(
  { program, argsFor }: ClientProgram,
  { url, environment }: ExternalDatabase,
  signal: AbortSignal,
): Promise<boolean> {
  const target = new URL(url);
  const password = decodeURIComponent(target.password);
  target.password = '';
  const env = { ...environment, ...(password === '' ? {} : { PGPASSWORD: password }) };
  const options = { env, signal, timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES };
  return new Promise((resolve, reject) => {
    execFile(program, [...argsFor(target.href)], options, (error, _out, err) => {
      if (error === null) resolve(true);
      else if (hasErrno(error, 'ENOENT')) resolve(false);
      else {
        const reason = err.trim().split('\n').at(-1) ?? error.message;
        reject(new TallyError('STORE_DUMP_FAILED', { program, reason }, error));
      }
    });
  });
}
