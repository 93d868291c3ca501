import { join } from 'node:path';
import { asAccountId, fromHex, type NodeId, type PublicKey, TallyError } from '@tallystick/kernel';
import { systemClock } from '@tallystick/kernel/node';
import { NodeView, type OwnerCall, PreparedOwnerCall } from '@tallystick/protocol';
import { POP, signRecord } from '@tallystick/record';
import { loadSiteConfig } from '../config/config-file.js';
import { coordinatorPins, coordinatorUrls } from '../config/node-config.js';
import { atLeader } from '../http/at-leader.js';
import { loadOwnerKey } from '../keystore.js';
import { readNodeLog } from '../log/read-node-log.js';
import { loadOrCreateNextKey, noteRotation } from '../rotation.js';
import { type Fetch, fetchByWay } from '../way/fetch-by-way.js';
import type { ProxyRule } from '../way/proxy-rule.js';
import { checkOwnerPayload, revokeNodeCall, rotateKeyCall } from './owner-payload.js';

export interface OwnerActOptions {
  /** Of a site that has joined; its owner key signs. */
  readonly folder: string;
  readonly proxy: ProxyRule;
  readonly fetch?: Fetch;
}

/** The node's key as the chain has it now. */
export interface RotatedKey {
  readonly node: NodeId;
  readonly key: PublicKey;
  readonly keyEpoch: number;
}

/** The chain has to include and finalise it. */
const ACT_TIMEOUT_MS = 120_000;

/**
 * Gives the node another key: made here, registered by the owner key, through the coordinator alone. The process of the node
 * goes over to it by itself; what the old key signed stays valid. Called again after it broke off, it goes on with the same key.
 */
export async function rotateNodeKey(
  options: OwnerActOptions,
  signal: AbortSignal,
): Promise<RotatedKey> {
  const { folder } = options;
  const { node, genesis } = await readNodeLog(join(folder, 'receipts.log'));
  const [owner, next] = [await loadOwnerKey(folder), await loadOrCreateNextKey(folder)];
  const { key } = next;
  const pop = { chain: genesis, owner: asAccountId(owner.key), key };
  const { wire, signature: proof } = signRecord(POP, pop, next);
  const view = await ask(
    options,
    {
      call: { kind: 'rotateKey', key, proof: wire },
      bytes: rotateKeyCall({ node, key, proof }),
      words: 'rotate_key with the new key of this site',
    },
    signal,
  );
  if (view.key !== key) {
    const reason = `the node still has key ${view.key}`;
    throw new TallyError('PROTO_UNEXPECTED', { kind: 'this answer', reason });
  }
  const { keyEpoch } = view;
  await noteRotation(folder, { key, keyEpoch });
  return { node: view.node, key, keyEpoch };
}

/** Takes the node out for ever, by its owner's word. */
export async function revokeOwnNode(
  options: OwnerActOptions,
  signal: AbortSignal,
): Promise<NodeView> {
  const { node } = await readNodeLog(join(options.folder, 'receipts.log'));
  const bytes = revokeNodeCall(node);
  const words = 'revoke_node with the node of this site';
  return ask(options, { call: { kind: 'revoke' }, bytes, words }, signal);
}

interface Act {
  readonly call: OwnerCall;
  /** SCALE of the same call. */
  readonly bytes: Uint8Array;
  readonly words: string;
}

/** Prepared by the coordinator, checked and signed here, sent by the coordinator. */
async function ask(
  { folder, proxy, fetch }: OwnerActOptions,
  { call, bytes, words }: Act,
  signal: AbortSignal,
): Promise<NodeView> {
  const config = await loadSiteConfig(folder);
  const { node, genesis } = await readNodeLog(join(folder, 'receipts.log'));
  const owner = await loadOwnerKey(folder);
  const way = { pins: coordinatorPins(config), proxy };
  const options = { timeoutMs: ACT_TIMEOUT_MS, fetch: fetch ?? fetchByWay(way, systemClock) };
  return atLeader(coordinatorUrls(config), options, async (api) => {
    const asked = { owner: asAccountId(owner.key), call };
    const prepare = { path: `nodes/${node}/calls/prepare`, body: asked };
    const { payload, context } = await api.post(PreparedOwnerCall, prepare, signal);
    checkOwnerPayload(fromHex(payload), { genesis, call: bytes, words });
    const body = { ...asked, context, signature: owner.sign(fromHex(payload)) };
    return api.post(NodeView, { path: `nodes/${node}/calls`, body }, signal);
  });
}
