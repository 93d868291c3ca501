import { access, constants, open } from 'node:fs/promises';
import { join } from 'node:path';
import { isTallyError, TallyError } from '@tallystick/kernel';
import {
  coordinatorPins,
  coordinatorUrls,
  datasetPath,
  exposedKeys,
  isRotationNoted,
  loadNodeKey,
  loadSiteConfig,
  type NodeLog,
  type ProxyRule,
  readNodeLog,
  readOwnConsents,
  type SiteConfig,
} from '@tallystick/site';
import { ProcessTrainer } from '@tallystick/training';
import { chainCheck } from './chain-check.js';
import { type Check, check, Warning } from './check.js';
import { coordinatorChecks } from './coordinator-checks.js';
import { diskCheck, versionCheck } from './machine-checks.js';

/** A header line of more bytes is none. */
const MAX_HEAD_BYTES = 65_536;

/** Everything a site needs, in the order in which it is missed. Never throws. */
export async function diagnoseSite(folder: string, proxy: ProxyRule): Promise<readonly Check[]> {
  const config = await loadSiteConfig(folder).catch(() => undefined);
  const log = await readNodeLog(join(folder, 'receipts.log')).catch(() => undefined);
  const checks = [await versionCheck(), ...(await folderChecks(folder, log))];
  if (config === undefined) return checks;
  checks.push(...(await dataChecks(folder, config)), await consentCheck(folder, config));
  checks.push(await engineCheck());
  const way = { pins: coordinatorPins(config), proxy };
  for (const url of coordinatorUrls(config)) checks.push(...(await coordinatorChecks(url, way)));
  if (config.chain !== undefined) checks.push(await chainCheck(config.chain, log?.genesis));
  return checks;
}

async function folderChecks(folder: string, log: NodeLog | undefined): Promise<Check[]> {
  return [
    await check('node.yaml', async () => {
      await loadSiteConfig(folder);
    }),
    await check('node key', async () => {
      const { key } = await loadNodeKey(folder);
      const [exposed] = await exposedKeys(folder);
      if (exposed !== undefined) {
        const reason = 'others can read it; chmod 600';
        throw new TallyError('DATA_FILE_UNREADABLE', { file: exposed, reason });
      }
      const isWaiting = await isRotationNoted(folder);
      if (isWaiting) return new Warning('a newer one waits', 'Start the node: it takes it up.');
      return log === undefined || log.key === key ? undefined : otherKey(log.key);
    }),
    await check('receipts.log', async () => {
      const { node, receipts } = log ?? (await readNodeLog(join(folder, 'receipts.log')));
      return `node ${node}, ${receipts.length} receipts`;
    }),
    await diskCheck(folder),
  ];
}

function otherKey(key: string): never {
  throw new TallyError('USAGE_INVALID', { detail: `receipts.log is of key ${key}` });
}

async function dataChecks(folder: string, config: SiteConfig): Promise<Check[]> {
  const names = Object.keys(config.datasets);
  if (names.length === 0) {
    const none = new Warning('none', 'Name one: `tally node dataset add <name> <file.csv>`.');
    return [await check('datasets', () => none)];
  }
  return Promise.all(
    names.map((name) =>
      check(`dataset ${name}`, () => columnsOf(datasetPath(config, folder, name))),
    ),
  );
}

/** The file opens and begins with a line of names. */
async function columnsOf(file: string): Promise<string> {
  const unreadable = (reason: string, cause?: unknown): TallyError =>
    new TallyError('DATA_FILE_UNREADABLE', { file, reason }, cause);
  try {
    await access(file, constants.R_OK);
    const handle = await open(file, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_HEAD_BYTES), 0);
      const [line = ''] = buffer.subarray(0, bytesRead).toString('utf8').split(/\r?\n/);
      if (line.trim() === '') throw unreadable('it does not begin with a line of column names');
      return `${file}, ${line.split(',').length} columns`;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isTallyError(error)) throw error;
    throw unreadable(error instanceof Error ? error.message : String(error), error);
  }
}

async function consentCheck(folder: string, { policy }: SiteConfig): Promise<Check> {
  return check('policy', async () => {
    const { purposes, minCohort } = policy;
    if (purposes.length === 0) {
      throw new TallyError('POLICY_PURPOSE', { purpose: 'any', allowed: 'none yet' });
    }
    const consents = await readOwnConsents(folder);
    const withdrawn = new Set(
      consents.flatMap(({ run, revokedAtBlock }) => (revokedAtBlock === undefined ? [] : [run])),
    );
    const runs = new Set(consents.map(({ run }) => run));
    const given = `consents of this site: ${runs.size} runs, ${withdrawn.size} withdrawn`;
    return `${purposes.join(', ')}, cohorts from ${minCohort}; ${given}`;
  });
}

/** Starts the training process and ends it again. */
function engineCheck(): Promise<Check> {
  return check('engine', async () => {
    const trainer = new ProcessTrainer();
    const beganMs = performance.now();
    try {
      await trainer.start();
      return `tfjs-wasm, ready in ${Math.round(performance.now() - beganMs)} ms`;
    } finally {
      await trainer.close();
    }
  });
}
