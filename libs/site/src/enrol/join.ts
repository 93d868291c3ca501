import { mkdir } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import {
  asAccountId,
  fromHex,
  type Hash,
  type NodeId,
  type OrganisationId,
  type PublicKey,
  type Signature,
  TallyError,
} from '@tallystick/kernel';
import { systemClock } from '@tallystick/kernel/node';
import { decodeInviteToken, type InviteToken, NodeView, PreparedJoin } from '@tallystick/protocol';
import { POP, signRecord } from '@tallystick/record';
import { atLeader } from '../http/at-leader.js';
import type { CoordinatorApi } from '../http/coordinator-api.js';
import { addPin, loadSiteConfig, writeSiteConfig } from '../config/config-file.js';
import { SiteConfig, type SitePolicy } from '../config/node-config.js';
import { loadOrCreateKeys, type SiteKeys } from '../keystore.js';
import { ReceiptLog } from '../log/receipt-log.js';
import { type Fetch, fetchByWay } from '../way/fetch-by-way.js';
import type { ProxyRule } from '../way/proxy-rule.js';
import { checkOwnerPayload, registerNodeCall } from './owner-payload.js';

export interface JoinOptions {
  /** The site's folder; made when it is not there. */
  readonly folder: string;
  /** Word of `tally node invite`. */
  readonly token: string;
  /** Name of the node: lower-case letters, digits and -. */
  readonly name: string;
  /** Where the coordinator is, when not where the invite says. */
  readonly url?: string;
  /** First policy of node.yaml; without it nothing is allowed yet. */
  readonly policy?: SitePolicy;
  /** First datasets of node.yaml: name → file. */
  readonly datasets?: Readonly<Record<string, string>>;
  /** The proxy to go through; none without it. */
  readonly proxy?: ProxyRule;
  readonly fetch?: Fetch;
}

/** What joining gave; fingerprints to compare with the operator's by voice. */
export interface Joined {
  readonly node: NodeId;
  readonly keyEpoch: number;
  readonly organisation: { readonly id: OrganisationId; readonly name: string };
  readonly genesis: Hash;
  readonly nodeKey: PublicKey;
  readonly ownerKey: PublicKey;
  readonly coordinatorKey: PublicKey;
  readonly url: string;
}

/** Two blocks have to be final before the coordinator answers. */
const JOIN_TIMEOUT_MS = 120_000;

/**
 * Makes the site's two keys, registers them with the invite and writes node.yaml and the identity line of the log.
 * No secret leaves the folder. The owner key signs only after the payload was found to be this registration.
 * Called again after it broke off, it goes on with the same keys; a site that has joined is refused.
 */
export async function join(options: JoinOptions, signal: AbortSignal): Promise<Joined> {
  const invite = decodeInviteToken(options.token);
  const urls = options.url === undefined ? [invite.url, ...(invite.others ?? [])] : [options.url];
  refuseDowngrade(invite, urls);
  const { folder, name } = options;
  const config = firstConfig(options, { urls, invite });
  const keys = await loadOrCreateKeys(folder);
  await writeFirstConfig(folder, config);
  const log = await openFreshLog(folder);
  try {
    const { view, organisation, url } = await registerAtLeader(
      options,
      { invite, keys, name, urls },
      signal,
    );
    await log.append({
      type: 'identity',
      chain: invite.genesis,
      node: view.node,
      keyEpoch: view.keyEpoch,
      key: keys.node.key,
      coordinatorKey: invite.coordinatorKey,
      organisation,
    });
    return {
      node: view.node,
      keyEpoch: view.keyEpoch,
      organisation: { id: organisation, name: invite.organisation },
      genesis: invite.genesis,
      nodeKey: keys.node.key,
      ownerKey: keys.owner.key,
      coordinatorKey: invite.coordinatorKey,
      url,
    };
  } finally {
    await log.close();
  }
}

function firstConfig(
  { name, datasets, policy }: JoinOptions,
  { urls, invite }: { readonly urls: readonly string[]; readonly invite: InviteToken },
): SiteConfig {
  const { organisation, pin } = invite;
  const config = SiteConfig.safeParse({
    name,
    organisation,
    coordinator: urls.length === 1 ? urls[0] : urls,
    ...(pin === undefined ? {} : { pin }),
    datasets: datasets ?? {},
    policy: policy ?? { purposes: [] },
  });
  if (config.success) return config.data;
  const faults = config.error.issues.map(
    ({ path, message }) => `  ${path.join('.')}: must be ${message}`,
  );
  throw new TallyError('CONFIG_NODE_INVALID', { file: 'node.yaml', faults: faults.join('\n') });
}

/** An invite over TLS is not used over plain HTTP, whoever says so. */
function refuseDowngrade({ url: promised, pin }: InviteToken, urls: readonly string[]): void {
  const plain = urls.find((url) => url.startsWith('http:'));
  if (plain === undefined || (pin === undefined && promised.startsWith('http:'))) return;
  throw new TallyError('AUTH_PLAIN_HTTP', { url: plain });
}

/** The site's log, which must not have an identity yet. */
async function openFreshLog(folder: string): Promise<ReceiptLog> {
  await mkdir(joinPath(folder, 'updates'), { recursive: true, mode: 0o700 });
  const log = await ReceiptLog.open(joinPath(folder, 'receipts.log'));
  const { identity } = log;
  if (identity === undefined) return log;
  await log.close();
  const detail = `${folder} has joined already, as node ${identity.node} of chain ${identity.chain}`;
  throw new TallyError('USAGE_INVALID', { detail });
}

interface Applicant {
  readonly invite: InviteToken;
  readonly keys: SiteKeys;
  readonly name: string;
}

interface Registered {
  readonly view: NodeView;
  readonly organisation: OrganisationId;
  readonly url: string;
}

function registerAtLeader(
  { fetch, proxy = () => undefined }: Pick<JoinOptions, 'fetch' | 'proxy'>,
  { urls, ...applicant }: Applicant & { readonly urls: readonly string[] },
  signal: AbortSignal,
): Promise<Registered> {
  const { pin } = applicant.invite;
  const way = { pins: pin === undefined ? [] : [pin], proxy };
  const options = { timeoutMs: JOIN_TIMEOUT_MS, fetch: fetch ?? fetchByWay(way, systemClock) };
  return atLeader(urls, options, async (api, url) => {
    const found = await register(api, { ...applicant, url }, signal);
    return { ...found, url };
  });
}

async function register(
  api: CoordinatorApi,
  { invite, keys, name, url }: Applicant & { readonly url: string },
  signal: AbortSignal,
): Promise<{ view: NodeView; organisation: OrganisationId }> {
  const owner = asAccountId(keys.owner.key);
  const pop = { chain: invite.genesis, owner, key: keys.node.key };
  const proof = signRecord(POP, pop, keys.node);
  const { secret } = invite;
  const identity = { secret, name, key: keys.node.key, owner, proof: proof.wire };
  const prepare = { path: 'nodes/prepare', body: identity };
  const prepared = await api.post(PreparedJoin, prepare, signal);
  const signature = signRegistration(prepared, { invite, keys, proof: proof.signature });
  const body = { ...identity, context: prepared.context, signature };
  const view = await api.post(NodeView, { path: 'nodes', body }, signal);
  const { organisation } = prepared;
  const mismatch = (reason: string): TallyError =>
    new TallyError('AUTH_INVITE_MISMATCH', { url, reason });
  if (view.key !== keys.node.key) throw mismatch(`it registered key ${view.key}`);
  if (view.organisation.organisation !== organisation) {
    throw mismatch(`it registered organisation ${view.organisation.organisation}`);
  }
  return { view, organisation };
}

function signRegistration(
  prepared: PreparedJoin,
  { invite, keys, proof }: Pick<Applicant, 'invite' | 'keys'> & { readonly proof: Signature },
): Signature {
  const payload = fromHex(prepared.payload);
  const { organisation } = prepared;
  checkOwnerPayload(payload, {
    genesis: invite.genesis,
    call: registerNodeCall({ organisation, key: keys.node.key, proof }),
    words: 'register_node with the key and the proof of this site',
  });
  return keys.owner.sign(payload);
}

/** Keeps a node.yaml that is there, since its owner wrote it; what it does not pin yet, it pins now. */
async function writeFirstConfig(folder: string, config: SiteConfig): Promise<void> {
  try {
    const { pin } = await loadSiteConfig(folder);
    if (pin === undefined && typeof config.pin === 'string') await addPin(folder, config.pin);
  } catch (error) {
    if (!(error instanceof TallyError) || error.code !== 'DATA_FILE_UNREADABLE') throw error;
    await writeSiteConfig(folder, config);
  }
}
