import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { isTallyError, TallyError } from '@tallystick/kernel';
import {
  coordinatorUrls,
  datasetPath,
  exposedKeys,
  loadNodeKey,
  loadSiteConfig,
  readNodeLog,
  type SiteConfig,
} from '@tallystick/site';

/** One line of `tally node doctor`. */
export interface SiteCheck {
  readonly ok: boolean;
  readonly what: string;
  readonly hint?: string;
}

const TIMEOUT_MS = 5_000;

async function check(what: string, probe: () => Promise<string | void>): Promise<SiteCheck> {
  try {
    const found = await probe();
    return { ok: true, what: found === undefined ? what : `${what}: ${found}` };
  } catch (error) {
    const known = isTallyError(error)
      ? error
      : new TallyError('INTERNAL', {
          reason: error instanceof Error ? error.message : String(error),
        });
    return { ok: false, what: `${what}: ${known.message}`, hint: known.hint };
  }
}

/** Everything a site needs, in the order in which it is missed. Never throws. */
export async function diagnoseSite(folder: string): Promise<readonly SiteCheck[]> {
  const config: SiteConfig | undefined = await loadSiteConfig(folder).catch(() => undefined);
  const checks = [
    await check('node.yaml', async () => {
      await loadSiteConfig(folder);
    }),
    await check('node key', async () => {
      await loadNodeKey(folder);
      const [exposed] = await exposedKeys(folder);
      if (exposed === undefined) return;
      throw new TallyError('DATA_FILE_UNREADABLE', {
        file: exposed,
        reason: 'others can read it; chmod 600',
      });
    }),
    await check('receipts.log', async () => {
      const { node, receipts } = await readNodeLog(join(folder, 'receipts.log'));
      return `node ${node}, ${receipts.length} receipts`;
    }),
  ];
  if (config === undefined) return checks;
  for (const name of Object.keys(config.datasets)) {
    checks.push(await check(`dataset ${name}`, () => readable(datasetPath(config, folder, name))));
  }
  checks.push(
    await check('policy', () => {
      const { purposes, minCohort } = config.policy;
      if (purposes.length > 0)
        return Promise.resolve(`${purposes.join(', ')}, cohorts from ${minCohort}`);
      const error = new TallyError('POLICY_PURPOSE', { purpose: 'any', allowed: 'none yet' });
      return Promise.reject(error);
    }),
  );
  for (const url of coordinatorUrls(config)) {
    checks.push(await check('coordinator', () => reachable(url)));
  }
  return checks;
}

async function readable(file: string): Promise<string> {
  try {
    await access(file, constants.R_OK);
    return file;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('DATA_FILE_UNREADABLE', { file, reason }, error);
  }
}

async function reachable(url: string): Promise<string> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.ok) return url;
    throw new Error(`it answered ${response.status}`);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TallyError('NET_UNREACHABLE', { url, reason }, error);
  }
}
