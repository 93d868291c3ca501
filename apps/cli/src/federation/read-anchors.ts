import type { NodeAnchor } from '@tallystick/audit';
import { type RunId } from '@tallystick/kernel';
import { readNodeLog } from '@tallystick/site';

/** A node's own log as an anchor for one run. Throws STORE_LOG_DAMAGED naming the line. */
export async function readAnchor(path: string, run: RunId): Promise<NodeAnchor> {
  const log = await readNodeLog(path);
  return {
    name: path,
    genesis: log.genesis,
    node: log.node,
    key: log.key,
    coordinatorKey: log.coordinatorKey,
    headers: log.headers.map(({ value }) => value).filter((header) => header.run === run),
    promises: log.promises.map(({ value }) => value).filter((promise) => promise.run === run),
  };
}
