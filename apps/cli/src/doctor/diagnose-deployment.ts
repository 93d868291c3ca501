import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { genesisHash, parseRawSpec } from '@tallystick/chain/embedded';
import { type Hash, TallyError } from '@tallystick/kernel';
import { hasErrno } from '@tallystick/kernel/node';
import type { ProxyRule, Way } from '@tallystick/site';
import { connectApi } from '../api/connect-api.js';
import type { OperatorApi } from '../api/operator-api.js';
import type { CommandContext, GlobalOptions } from '../command-context.js';
import { type Endpoint, readEndpoint } from '../deployment/endpoint-file.js';
import { chainCheck } from './chain-check.js';
import { type Check, check, Warning } from './check.js';
import { coordinatorChecks, readyCheck } from './coordinator-checks.js';
import { diskCheck, filesCheck, portCheck, versionCheck } from './machine-checks.js';

/** The default ports of `tally up`. */
const API_PORT = 7700;
const CHAIN_PORT = 9955;
/** A chain that finalises nothing for so long does not anchor. */
const OLD_HEAD_MS = 600_000;

type Asked = Pick<
  CommandContext,
  'token' | 'url' | 'pin' | 'proxy' | 'configFolder' | 'outside' | 'signal'
>;

/** Everything the operator's side needs, in the order in which it is missed. Never throws. */
export async function diagnoseDeployment(
  folder: string,
  globals: GlobalOptions,
  context: Asked,
): Promise<readonly Check[]> {
  const endpoint = await readEndpoint(folder);
  const url = globals.server ?? context.url ?? endpoint?.url;
  const checks = [await versionCheck(), await filesCheck()];
  if (url === undefined || endpoint !== undefined) checks.push(...(await folderChecks(folder)));
  checks.push(...(await serverChecks(folder, endpoint, context)));
  if (url === undefined) return [...checks, ...(await idleChecks())];
  const way = wayTo(url, endpoint, context);
  checks.push(...(await coordinatorChecks(url, way)), await readyCheck(url, way));
  const api = await connectApi(globals, context).catch(() => undefined);
  if (api !== undefined) checks.push(await ledgerCheck(api));
  return checks;
}

function wayTo(
  url: string,
  endpoint: Endpoint | undefined,
  { pin, proxy }: { readonly pin: string | undefined; readonly proxy: ProxyRule },
): Way {
  const known = pin ?? (endpoint?.url === url ? endpoint.pin : undefined);
  return { pins: known === undefined ? [] : [known], proxy };
}

/** Nothing runs: could it be started? */
async function idleChecks(): Promise<readonly Check[]> {
  const words = 'does not run here';
  return [
    await check(
      'coordinator',
      () => new Warning(words, 'Start it: `tally up`, or name its --data.'),
    ),
    await portCheck(API_PORT, '--port'),
    await portCheck(CHAIN_PORT, '--chain-port'),
  ];
}

async function folderChecks(folder: string): Promise<readonly Check[]> {
  return [await diskCheck(folder), await check('secrets', () => secrets(folder))];
}

/** What others could read. */
async function secrets(folder: string): Promise<string> {
  const names = ['authority', 'treasury', 'registrar', 'coordinator', 'coordinator-account', 'tls'];
  const files = ['api-token', ...names.map((name) => join('keys', `${name}.key`))];
  for (const file of files.map((name) => join(folder, name))) {
    const mode = await stat(file).then(
      (stats) => stats.mode,
      (error: unknown) => {
        if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENOTDIR')) return 0;
        throw error;
      },
    );
    if ((mode & 0o077) === 0 || process.platform === 'win32') continue;
    const reason = 'others can read it; chmod 600';
    throw new TallyError('DATA_FILE_UNREADABLE', { file, reason });
  }
  return 'readable by this user alone';
}

/** PostgreSQL and the chain, asked directly: they may be the reason why the coordinator is away. */
async function serverChecks(
  folder: string,
  endpoint: Endpoint | undefined,
  { outside }: Pick<Asked, 'outside'>,
): Promise<readonly Check[]> {
  const databaseUrl = outside.database?.url;
  const chainUrl = outside.chainUrl ?? endpoint?.chainUrl;
  const isHere = databaseUrl !== undefined || endpoint !== undefined;
  return [
    ...(isHere ? [await check('PostgreSQL', () => postgres(folder, databaseUrl))] : []),
    ...(chainUrl === undefined ? [] : [await chainCheck(chainUrl, await genesisOf(folder))]),
  ];
}

async function postgres(folder: string, url: string | undefined): Promise<string | Warning> {
  const { describePostgres } = await import('@tallystick/sandbox');
  const where = url === undefined ? { folder: join(folder, 'postgres') } : { url };
  const { version, isStandby, connections, maxConnections, lagMs } = await describePostgres(where);
  if (isStandby) {
    throw new TallyError('STORE_DATABASE', {
      reason: 'this server is a standby and takes no writes',
    });
  }
  const lag = lagMs === undefined ? '' : `, its standby ${Math.round(lagMs)} ms behind`;
  const words = `${version}, ${connections} of ${maxConnections} connections${lag}`;
  const isFull = connections > maxConnections * 0.9;
  return isFull
    ? new Warning(words, 'Raise max_connections, or lower TALLY_DATABASE__POOL_SIZE.')
    : words;
}

/** Of the federation in this data folder; undefined where there is none. */
async function genesisOf(folder: string): Promise<Hash | undefined> {
  const text = await readFile(join(folder, 'chain', 'spec.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : genesisHash(parseRawSpec(text));
}

/** What the coordinator waits for, and how old what is final is. */
function ledgerCheck(api: OperatorApi): Promise<Check> {
  return check('anchoring', async () => {
    const { finalized, outbox } = await api.ledger();
    const ageMs = Date.now() - finalized.atMs;
    const waiting = `${outbox.waiting} rounds wait`;
    const words = `block ${finalized.block} final ${Math.round(ageMs / 1_000)} s ago, ${waiting}`;
    const isStuck = outbox.oldestAtMs !== null && Date.now() - outbox.oldestAtMs > OLD_HEAD_MS;
    return isStuck ? new Warning(words, 'Look at the chain and at the coordinator’s log.') : words;
  });
}
