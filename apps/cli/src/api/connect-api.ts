import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { TallyError } from '@tallystick/kernel';
import type { CommandContext, GlobalOptions } from '../command-context.js';
import { readEndpoint } from '../deployment/endpoint-file.js';
import { OperatorApi } from './operator-api.js';

/**
 * The API of the deployment in `--data`, or of `--server` with TALLY_TOKEN. Throws USAGE_NOT_RUNNING when neither says
 * where it is.
 */
export async function connectApi(
  globals: GlobalOptions,
  context: Pick<CommandContext, 'token' | 'signal'>,
): Promise<OperatorApi> {
  const folder = resolve(globals.data);
  const url = globals.server ?? (await readEndpoint(folder))?.url;
  if (url === undefined) throw new TallyError('USAGE_NOT_RUNNING', { folder });
  const token = context.token ?? (await readToken(folder));
  return new OperatorApi({ url, token, signal: context.signal });
}

async function readToken(folder: string): Promise<string> {
  const file = join(folder, 'api-token');
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new TallyError('AUTH_REQUIRED', {}, error);
  }
}
