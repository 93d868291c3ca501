import { access } from 'node:fs/promises';
import { join } from 'node:path';
import {
  datasetPath,
  join as joinFederation,
  loadSiteConfig,
  readNodeLog,
  writeSiteConfig,
} from '@tallystick/site';
import type { OperatorApi } from '../api/operator-api.js';
import type { ExampleSite } from '../federation/example.js';

/** The node of a site in this deployment: its folder and its number on the chain. */
export interface EnrolledSite {
  readonly name: string;
  readonly folder: string;
  readonly node: number;
}

/** Joins `site` with a fresh invite, or takes up the node that an earlier demo made in `folder`. */
export async function enrolSite(
  site: ExampleSite,
  folder: string,
  deps: { readonly api: OperatorApi; readonly signal: AbortSignal },
): Promise<EnrolledSite> {
  const { name } = site;
  const log = join(folder, 'receipts.log');
  const hasJoined = await access(log).then(
    () => true,
    () => false,
  );
  if (hasJoined) {
    const config = await loadSiteConfig(folder);
    await writeSiteConfig(folder, { ...config, coordinator: deps.api.url });
    return { name, folder, node: (await readNodeLog(log)).node };
  }
  const { organisation, policy, datasets } = site.config;
  const { token } = await deps.api.invite(organisation);
  const paths = Object.keys(datasets).map(
    (dataset) => [dataset, datasetPath(site.config, site.folder, dataset)] as const,
  );
  const options = { folder, token, name, policy, datasets: Object.fromEntries(paths) };
  const { node } = await joinFederation(options, deps.signal);
  return { name, folder, node };
}
