import { resolve } from 'node:path';
import { TallyError } from '@tallystick/kernel';
import { readEndpoint } from './endpoint-file.js';

/** RPC of the chain of a data folder; throws USAGE_NOT_RUNNING. */
export async function chainOf(data: string): Promise<{ readonly url: string }> {
  const folder = resolve(data);
  const endpoint = await readEndpoint(folder);
  if (endpoint === undefined) throw new TallyError('USAGE_NOT_RUNNING', { folder });
  return { url: endpoint.chainUrl };
}
