import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { TallyError } from '@tallystick/kernel';
import type { CommandContext, GlobalOptions } from '../command-context.js';
import { readEndpoint } from '../deployment/endpoint-file.js';
import { pinOf } from '../options.js';
import { OperatorApi } from './operator-api.js';
import { readLogin } from './stored-login.js';

type Asked = Pick<CommandContext, 'token' | 'url' | 'pin' | 'proxy' | 'configFolder' | 'signal'>;

/**
 * The API of `--server`, of TALLY_URL, of the deployment in `--data`, or of `tally login`: the first that is there. The
 * token is TALLY_TOKEN, else the stored one of the same address, else the data folder's; so with TALLY_PIN and the pin. Throws USAGE_NOT_RUNNING when
 * none of them says where it is.
 */
export async function connectApi(globals: GlobalOptions, context: Asked): Promise<OperatorApi> {
  const folder = resolve(globals.data);
  const named = globals.server ?? context.url;
  const local = await readEndpoint(folder);
  const login = await readLogin(context.configFolder);
  const url = named ?? local?.url ?? login?.url;
  if (url === undefined) throw new TallyError('USAGE_NOT_RUNNING', { folder });
  const stored = login !== undefined && sameAddress(login.url, url) ? login : undefined;
  const here = local !== undefined && sameAddress(local.url, url) ? local : undefined;
  const isHere = here !== undefined || isLoopback(url);
  const token = context.token ?? stored?.token ?? (await folderToken(folder, isHere));
  const told = context.pin ?? stored?.pin ?? here?.pin;
  const pin = told === undefined ? undefined : pinOf(told);
  const way = { pins: pin === undefined ? [] : [pin], proxy: context.proxy };
  return new OperatorApi({ url, token, way, signal: context.signal });
}

function sameAddress(a: string, b: string): boolean {
  return a.replace(/\/+$/, '') === b.replace(/\/+$/, '');
}

/** The operator's token stays on this machine: an address elsewhere never gets it. */
async function folderToken(folder: string, isHere: boolean): Promise<string> {
  if (!isHere) throw new TallyError('AUTH_REQUIRED');
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
