import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TallyError } from '@tallystick/kernel';
import { durableWrite, hasErrno } from '@tallystick/kernel/node';

/** What `tally login` keeps in `login.json` of the user's own configuration folder. */
export interface Login {
  readonly url: string;
  readonly token: string;
  /** Public key of the coordinator's TLS certificate; none when an authority vouches for it. */
  readonly pin?: string;
}

export const loginFile = (configFolder: string): string => join(configFolder, 'login.json');

/** Writes it with mode 0600 in a folder of mode 0700. Throws CONFIG_FOLDER_UNWRITABLE. */
export async function storeLogin(configFolder: string, login: Login): Promise<string> {
  const file = loginFile(configFolder);
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await durableWrite(file, `${JSON.stringify(login)}\n`, 0o600);
    return file;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('CONFIG_FOLDER_UNWRITABLE', { folder: configFolder, reason }, error);
  }
}

/** Undefined when nobody logged in. Throws AUTH_LOGIN_UNSAFE for a file that others can read, or that is none. */
export async function readLogin(configFolder: string): Promise<Login | undefined> {
  const file = loginFile(configFolder);
  let text: string;
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) throw unsafe(file, 'others can read it');
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENOTDIR')) return undefined;
    throw error;
  }
  const login = loginOf(text);
  if (login === undefined) throw unsafe(file, 'it is damaged');
  return login;
}

function unsafe(file: string, reason: string): TallyError {
  return new TallyError('AUTH_LOGIN_UNSAFE', { file, reason });
}

function loginOf(text: string): Login | undefined {
  try {
    const { url, token, pin } = JSON.parse(text) as Partial<Record<string, unknown>>; // checked below
    if (typeof url !== 'string' || typeof token !== 'string') return undefined;
    if (pin === undefined) return { url, token };
    return typeof pin === 'string' ? { url, token, pin } : undefined;
  } catch {
    return undefined;
  }
}
