import { isTallyError } from '@tallystick/kernel';
import { CoordinatorApi, type CoordinatorApiOptions } from './coordinator-api.js';

/** Asks the one of the coordinators that leads: one that stands by or is away is passed over. */
export async function atLeader<T>(
  urls: readonly string[],
  options: Omit<CoordinatorApiOptions, 'url'>,
  ask: (api: CoordinatorApi, url: string) => Promise<T>,
): Promise<T> {
  let last: unknown;
  for (const url of urls) {
    try {
      return await ask(new CoordinatorApi({ ...options, url }), url);
    } catch (error) {
      if (!isTallyError(error, 'NET_STANDBY') && !isTallyError(error, 'NET_UNREACHABLE'))
        throw error;
      last = error;
    }
  }
  throw last;
}
