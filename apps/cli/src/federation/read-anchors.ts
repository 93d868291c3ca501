import type { NodeAnchor } from '@tallystick/audit';
import { type RunId } from '@tallystick/kernel';
import { readNodeLog } from '@tallystick/site';

/** A node's own log as an anchor for one run. Throws STORE_LOG_DAMAGED naming the line. */
export async function readAnchor(path: string, run: RunId): Promise<NodeAnchor> {
  const log = await readNodeLog(path);
  const ofRun = <T extends { readonly run: RunId }>(records: readonly T[]): readonly T[] =>
    records.filter((record) => record.run === run);
  return {
    name: path,
    genesis: log.genesis,
    node: log.node,
    key: log.key,
    formerKeys: log.identities.map(({ key }) => key),
    coordinatorKey: log.coordinatorKey,
    formerCoordinatorKeys: log.identities.map(({ coordinatorKey }) => coordinatorKey),
    headers: ofRun(log.headers).map(({ value }) => value),
    promises: ofRun(log.promises).map(({ value }) => value),
    receipts: ofRun(log.receipts).map(({ round, hash }) => ({ round, hash })),
    voids: ofRun(log.voids).at(-1)?.spans ?? [],
  };
}
