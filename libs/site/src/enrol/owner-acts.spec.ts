import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  asNodeId,
  asOrganisationId,
  asPublicKey,
  concatBytes,
  fromHex,
  toHex,
} from '@tallystick/kernel';
import { ed25519, generateKey, loadKey } from '@tallystick/kernel/node';
import { OwnerCallRequest, PrepareOwnerCallRequest } from '@tallystick/protocol';
import { decodeSigned, POP, verifyRecord } from '@tallystick/record';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { writeSiteConfig } from '../config/config-file.js';
import { SiteConfig } from '../config/node-config.js';
import { loadOrCreateKeys } from '../keystore.js';
import { ReceiptLog } from '../log/receipt-log.js';
import { isRotationNoted } from '../rotation.js';
import { TEST_CHAIN, testHash } from '../testing/index.js';
import type { Fetch } from '../way/fetch-by-way.js';
import { revokeOwnNode, rotateNodeKey } from './owner-acts.js';
import { revokeNodeCall, rotateKeyCall } from './owner-payload.js';

const { signal } = new AbortController();
const node = asNodeId(3);

/** The coordinator's two routes of an owner's calls. */
class TestCalls {
  readonly asked: string[] = [];
  signed = 0;
  bend: (call: Uint8Array) => Uint8Array = (call) => call;
  answer: object = {};
  #payload: Uint8Array = new Uint8Array();

  readonly fetch: Fetch = async (url, init) => {
    this.asked.push(new URL(url).pathname);
    const body: unknown = JSON.parse(z.string().parse(init.body));
    return Response.json(url.endsWith('/prepare') ? this.#prepare(body) : this.#complete(body));
  };

  #prepare(body: unknown): object {
    const { owner, call } = PrepareOwnerCallRequest.parse(body);
    let bytes = revokeNodeCall(node);
    if (call.kind === 'rotateKey') {
      const { value: pop, signature: proof } = decodeSigned(POP, call.proof);
      expect(pop).toEqual({ chain: TEST_CHAIN, owner, key: call.key });
      expect(verifyRecord(ed25519, POP, pop, call.key, proof)).toBe(true);
      bytes = rotateKeyCall({ node, key: call.key, proof });
    }
    this.#payload = concatBytes(
      this.bend(bytes),
      fromHex('1500040000'),
      fromHex('65000000' + '01000000'),
      fromHex(TEST_CHAIN),
      fromHex(testHash('era block')),
      fromHex('00'),
    );
    return { payload: toHex(this.#payload), context: 'opaque' };
  }

  #complete(body: unknown): object {
    const { owner, call, context, signature } = OwnerCallRequest.parse(body);
    expect(context).toBe('opaque');
    if (ed25519.verify(asPublicKey(owner), this.#payload, signature)) this.signed++;
    return {
      node,
      name: 'budapest-1',
      organisation: { organisation: 1, name: 'budapest' },
      key: call.kind === 'rotateKey' ? call.key : testHash('key'),
      keyEpoch: 1,
      status: call.kind === 'rotateKey' ? 'active' : 'revoked',
      cap: '1000000',
      connected: true,
      lastSeenAtMs: null,
      joinedAtMs: 1,
      strikes: 0,
      roundMs: null,
      ...this.answer,
    };
  }
}

describe('an owner’s acts', () => {
  let folder: string;
  let calls: TestCalls;
  const options = () => ({ folder, proxy: () => undefined, fetch: calls.fetch });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-acts-'));
    calls = new TestCalls();
    const keys = await loadOrCreateKeys(folder);
    const coordinator = 'http://coordinator.test';
    const site = { name: 'b', organisation: 'budapest', coordinator, policy: { purposes: [] } };
    await writeSiteConfig(folder, SiteConfig.parse(site));
    const log = await ReceiptLog.open(join(folder, 'receipts.log'));
    await log.append({
      type: 'identity',
      chain: TEST_CHAIN,
      node,
      keyEpoch: 0,
      key: keys.node.key,
      coordinatorKey: generateKey().key,
      organisation: asOrganisationId(1),
    });
    await log.close();
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('registers a new key that is made here, signed by the owner alone', async () => {
    const before = (await loadKey(join(folder, 'node.key'))).key;
    const rotated = await rotateNodeKey(options(), signal);
    expect(rotated).toEqual({
      node,
      key: (await loadKey(join(folder, 'next.key'))).key,
      keyEpoch: 1,
    });
    expect(rotated.key).not.toBe(before);
    expect((await loadKey(join(folder, 'node.key'))).key).toBe(before); // the process goes over to it
    expect(calls.signed).toBe(1);
    expect(calls.asked).toEqual(['/api/v1/nodes/3/calls/prepare', '/api/v1/nodes/3/calls']);
    expect(await isRotationNoted(folder)).toBe(true);
  });

  it('takes its node out', async () => {
    expect(await revokeOwnNode(options(), signal)).toMatchObject({ status: 'revoked' });
    expect(calls.signed).toBe(1);
  });

  it.each<[string, (call: Uint8Array) => Uint8Array]>([
    ['another call', (call) => Uint8Array.of(0x20, 0x05, ...call.subarray(2))],
    ['another node', (call) => Uint8Array.of(...call.subarray(0, 2), 9, ...call.subarray(3))],
    ['another key', (call) => call.map((byte, at) => (at === 10 ? byte ^ 1 : byte))],
    ['another proof', (call) => call.map((byte, at) => (at === 50 ? byte ^ 1 : byte))],
  ])('signs nothing when the coordinator prepares %s', async (_what, bend) => {
    calls.bend = bend;
    const code = 'AUTH_PAYLOAD_REFUSED';
    await expect(rotateNodeKey(options(), signal)).rejects.toMatchObject({ code });
    expect(calls.signed).toBe(0);
    expect(await isRotationNoted(folder)).toBe(false);
  });

  it('notes nothing when the chain has another key, and goes on with the same one', async () => {
    calls.answer = { key: testHash('other') };
    const code = 'PROTO_UNEXPECTED';
    await expect(rotateNodeKey(options(), signal)).rejects.toMatchObject({ code });
    expect(await isRotationNoted(folder)).toBe(false);
    const { key } = await loadKey(join(folder, 'next.key'));
    calls.answer = {};
    expect((await rotateNodeKey(options(), signal)).key).toBe(key);
  });
});
