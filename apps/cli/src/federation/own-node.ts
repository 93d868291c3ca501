import { join } from 'node:path';
import type { OwnNode } from '@tallystick/audit';
import { sha256 } from '@tallystick/kernel/node';
import { datasetPath, loadSiteConfig, readNodeLog, trainUpdate } from '@tallystick/site';
import type { Trainer } from '@tallystick/training';

/** The node of the site in `folder`, as the audit trains it again on that site's data. */
export async function ownNodeOf(
  folder: string,
  trainer: Trainer,
  signal: AbortSignal,
): Promise<OwnNode> {
  const config = await loadSiteConfig(folder);
  const { node } = await readNodeLog(join(folder, 'receipts.log'));
  return {
    node,
    async retrain({ task, spec, model }) {
      const path = datasetPath(config, folder, spec.data.dataset);
      const job = { task, spec, node, model, datasetPath: path, state: undefined };
      const deps = { trainer, sha256 };
      const { bytes } = await trainUpdate({ ...job, control: undefined }, deps, signal);
      return sha256(bytes);
    },
  };
}
