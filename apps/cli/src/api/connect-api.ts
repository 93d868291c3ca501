import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { TallyError } from '@tallystick/kernel';
import type { CommandContext, GlobalOptions } from '../command-context.js';
import { readEndpoint } from '../deployment/endpoint-file.js';
import { OperatorApi } from './operator-api.js';
import { type Login, readLogin } from './stored-login.js';

type Asked = Pick<CommandContext, 'token' | 'url' | 'configFolder' | 'signal'>;

/**
 * The API of `--server`, of TALLY_URL, of the deployment in `--data`, or of `tally login`: the first that is there. The
 * token is TALLY_TOKEN, else the stored one of the same address, else the data folder's. Throws USAGE_NOT_RUNNING when
 * none of them says where it is.
 */
export async function connectApi(globals: GlobalOptions, context: Asked): Promise<OperatorApi> {
  const folder = resolve(globals.data);
  const named = globals.server ?? context.url;
  const local = (await readEndpoint(folder))?.url;
  const login = await readLogin(context.configFolder);
  const url = named ?? local ?? login?.url;
  if (url === undefined) throw new TallyError('USAGE_NOT_RUNNING', { folder });
  const token = context.token ?? storedToken(login, url) ?? (await folderToken(folder, url));
  return new OperatorApi({ url, token, signal: context.signal });
}

function storedToken(login: Login | undefined, url: string): string | undefined {
  return login !== undefined && sameAddress(login.url, url) ? login.token : undefined;
}

function sameAddress(a: string, b: string): boolean {
  return a.replace(/\/+$/, '') === b.replace(/\/+$/, '');
}

/** The operator's token stays on this machine: an address elsewhere never gets it. */
async function folderToken(folder: string, url: string): Promise<string> {
  if (!isLoopback(url)) throw new TallyError('AUTH_REQUIRED');
  const file = join(folder, 'api-token');
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new TallyError('AUTH_REQUIRED', {}, error);
  }
}

function isLoopback(url: string): boolean {
  try {
    return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname);
  } catch (error) {
    throw new TallyError('USAGE_INVALID', { detail: `${url} is no address` }, error);
  }
}
