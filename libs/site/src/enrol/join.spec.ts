import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import {
  asNodeId,
  asOrganisationId,
  asPublicKey,
  concatBytes,
  fromHex,
  type Hash,
  toHex,
} from '@tallystick/kernel';
import { ed25519, generateKey, loadKey } from '@tallystick/kernel/node';
import {
  decodeInviteToken,
  encodeInviteToken,
  JoinRequest,
  PrepareJoinRequest,
} from '@tallystick/protocol';
import { decodeSigned, POP, verifyRecord } from '@tallystick/record';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadSiteConfig } from '../config/config-file.js';
import { readNodeLog } from '../log/read-node-log.js';
import { TEST_CHAIN, testHash } from '../testing/index.js';
import { join, type JoinOptions } from './join.js';
import { registerNodeCall } from './owner-payload.js';

const coordinatorKey = generateKey().key;
const organisation = asOrganisationId(3);
const signal = new AbortController().signal;

/** Parts of the payload that a test can bend. */
interface Bend {
  readonly call?: (call: Uint8Array) => Uint8Array;
  readonly genesis?: Hash;
  readonly extra?: string;
  readonly mode?: string;
}

/** A coordinator's two enrolment routes. */
class TestEnrolment {
  readonly asked: string[] = [];
  readonly seen: unknown[] = [];
  bend: Bend = {};
  answer: Partial<Record<string, unknown>> = {};
  refusal: { status: number; body: string } | undefined;
  payload: Uint8Array = new Uint8Array();
  signatureHolds = false;

  readonly fetch: NonNullable<JoinOptions['fetch']> = async (url, init) => {
    this.asked.push(url);
    const body: unknown = JSON.parse(z.string().parse(init.body));
    this.seen.push(body);
    if (this.refusal !== undefined) {
      return new Response(this.refusal.body, { status: this.refusal.status });
    }
    return url.endsWith('/prepare') ? this.#prepare(body) : this.#join(body);
  };

  #prepare(body: unknown): Response {
    const { key, proof } = PrepareJoinRequest.parse(body);
    const { signature } = decodeSigned(POP, proof);
    const call = registerNodeCall({ organisation, key, proof: signature });
    const { bend } = this;
    this.payload = concatBytes(
      bend.call?.(call) ?? call,
      fromHex(bend.extra ?? '1500040000'),
      fromHex('65000000' + '01000000'),
      fromHex(bend.genesis ?? TEST_CHAIN),
      fromHex(testHash('era block')),
      fromHex(bend.mode ?? '00'),
    );
    return Response.json({ organisation, payload: toHex(this.payload), context: 'opaque' });
  }

  #join(body: unknown): Response {
    const { key, owner, signature, context, name } = JoinRequest.parse(body);
    this.signatureHolds =
      context === 'opaque' && ed25519.verify(asPublicKey(owner), this.payload, signature);
    return Response.json({
      node: asNodeId(2),
      name,
      organisation: { organisation, name: 'budapest' },
      key,
      keyEpoch: 1,
      status: 'active',
      cap: '1000000',
      connected: false,
      lastSeenAtMs: null,
      joinedAtMs: 1,
      strikes: 0,
      roundMs: null,
      ...this.answer,
    });
  }
}

describe('join', () => {
  let folder = '';
  let enrolment = new TestEnrolment();
  const token = encodeInviteToken({
    v: 1,
    url: 'http://coordinator.test',
    organisation: 'budapest',
    secret: 's'.repeat(43),
    coordinatorKey,
    genesis: TEST_CHAIN,
  });
  beforeEach(async () => {
    folder = joinPath(await mkdtemp(joinPath(tmpdir(), 'tally-join-')), 'site');
    enrolment = new TestEnrolment();
  });
  afterEach(() => rm(joinPath(folder, '..'), { recursive: true }));

  function options(changes: Partial<JoinOptions> = {}): JoinOptions {
    return { folder, token, name: 'budapest-1', fetch: enrolment.fetch, ...changes };
  }

  async function failure(changes: Partial<JoinOptions> = {}): Promise<unknown> {
    return join(options(changes), signal).then(
      () => new Error('it joined'),
      (error: unknown) => error,
    );
  }

  it('passes over a coordinator that stands by, and writes all of them down', async () => {
    const others = ['http://leader.test', 'http://third.test'];
    const url = 'http://standby.test';
    const word = encodeInviteToken({ ...decodeInviteToken(token), url, others });
    const fetch: NonNullable<JoinOptions['fetch']> = (to, init) => {
      if (!to.startsWith(url)) return enrolment.fetch(to, init);
      const error = { code: 'NET_STANDBY', message: 'http://leader.test leads', hint: '' };
      return Promise.resolve(Response.json({ error }, { status: 503 }));
    };
    const joined = await join(options({ token: word, fetch }), signal);
    expect(joined.url).toBe('http://leader.test');
    expect((await loadSiteConfig(folder)).coordinator).toEqual([url, ...others]);
    expect(enrolment.asked.every((to) => to.startsWith('http://leader.test/'))).toBe(true);
  });

  it('writes the pin of the invite down, also into a node.yaml that was there', async () => {
    const pin = `sha256/${'A'.repeat(43)}=`;
    const secure = { ...decodeInviteToken(token), url: 'https://coordinator.test', pin };
    const word = encodeInviteToken(secure);
    await join(options({ token: word }), signal);
    expect((await loadSiteConfig(folder)).pin).toBe(pin);
    await rm(folder, { recursive: true });
    await mkdir(folder);
    const mine = 'name: b # mine\norganisation: budapest\ncoordinator: https://coordinator.test\n';
    const yaml = `${mine}policy: { purposes: [] }\n`;
    await writeFile(joinPath(folder, 'node.yaml'), yaml);
    await join(options({ token: word }), signal);
    const text = await readFile(joinPath(folder, 'node.yaml'), 'utf8');
    expect(text).toContain('name: b # mine');
    expect((await loadSiteConfig(folder)).pin).toBe(pin);
  });

  it.each([
    ['a pin', 'https://coordinator.test', `sha256/${'A'.repeat(43)}=`],
    ['an address over TLS', 'https://coordinator.test', undefined],
    ['a pin that cannot be checked', 'http://coordinator.test', `sha256/${'A'.repeat(43)}=`],
  ])('does not use an invite with %s over plain HTTP', async (_what, url, pin) => {
    const invite = { ...decodeInviteToken(token), url, ...(pin === undefined ? {} : { pin }) };
    const word = encodeInviteToken(invite);
    const fault = await failure({ token: word, url: 'http://coordinator.test' });
    expect(fault).toMatchObject({ code: 'AUTH_PLAIN_HTTP' });
    expect(enrolment.asked).toEqual([]);
  });

  it('makes keys, proves and registers them, and writes log and node.yaml', async () => {
    const joined = await join(options(), signal);
    const node = await loadKey(joinPath(folder, 'node.key'));
    const owner = await loadKey(joinPath(folder, 'owner.key'));
    expect(joined).toEqual({
      node: 2,
      keyEpoch: 1,
      organisation: { id: 3, name: 'budapest' },
      genesis: TEST_CHAIN,
      nodeKey: node.key,
      ownerKey: owner.key,
      coordinatorKey,
      url: 'http://coordinator.test',
    });
    for (const file of ['node.key', 'owner.key']) {
      expect((await stat(joinPath(folder, file))).mode & 0o777).toBe(0o600);
    }
    const { value, signature } = decodeSigned(
      POP,
      PrepareJoinRequest.parse(enrolment.seen[0]).proof,
    );
    expect(value).toEqual({ chain: TEST_CHAIN, owner: owner.key, key: node.key });
    expect(verifyRecord(ed25519, POP, value, node.key, signature)).toBe(true);
    expect(enrolment.signatureHolds).toBe(true);
    expect(enrolment.asked).toEqual([
      'http://coordinator.test/api/v1/nodes/prepare',
      'http://coordinator.test/api/v1/nodes',
    ]);
    expect(await readNodeLog(joinPath(folder, 'receipts.log'))).toMatchObject({
      genesis: TEST_CHAIN,
      node: 2,
      keyEpoch: 1,
      key: node.key,
      coordinatorKey,
    });
    const config = await loadSiteConfig(folder);
    expect(config).toMatchObject({ name: 'budapest-1', policy: { purposes: [] } });
  });

  it('sends no secret key', async () => {
    await join(options(), signal);
    const sent = JSON.stringify(enrolment.seen);
    for (const file of ['node.key', 'owner.key']) {
      const pem = await readFile(joinPath(folder, file), 'utf8');
      const seed = Buffer.from(pem.split('\n')[1] ?? '', 'base64').subarray(-32);
      expect(seed).toHaveLength(32);
      expect(sent).not.toContain(seed.toString('hex'));
      expect(sent).not.toContain(seed.toString('base64'));
    }
  });

  it('goes on with the same keys after it broke off, and joins once', async () => {
    enrolment.refusal = { status: 503, body: 'down' };
    expect(await failure()).toMatchObject({ code: 'NET_UNREACHABLE' });
    const key = await readFile(joinPath(folder, 'node.key'), 'utf8');
    enrolment.refusal = undefined;
    await join(options(), signal);
    expect(await readFile(joinPath(folder, 'node.key'), 'utf8')).toBe(key);
    expect(await failure()).toMatchObject({
      code: 'USAGE_INVALID',
      message: expect.stringContaining('has joined already, as node 2'),
    });
  });

  it('keeps a node.yaml that is there, and refuses a bad one before it registers', async () => {
    await join(options({ datasets: { heart: 'a.csv' } }), signal);
    const text = await readFile(joinPath(folder, 'node.yaml'), 'utf8');
    await rm(joinPath(folder, 'receipts.log'));
    await join(options(), signal);
    expect(await readFile(joinPath(folder, 'node.yaml'), 'utf8')).toBe(text);
    await rm(joinPath(folder, 'receipts.log'));
    await writeFile(joinPath(folder, 'node.yaml'), 'name: [');
    enrolment.asked.length = 0;
    expect(await failure()).toMatchObject({ code: 'CONFIG_NODE_INVALID' });
    expect(enrolment.asked).toEqual([]);
  });

  it.each<[string, Bend, RegExp]>([
    ['another call', { call: (call) => call.with(1, 4) }, /not register_node/],
    ['another organisation', { call: (call) => call.with(2, 9) }, /not register_node/],
    ['another key', { call: (call) => call.with(10, (call[10] ?? 0) ^ 1) }, /not register_node/],
    ['another proof', { call: (call) => call.with(60, (call[60] ?? 0) ^ 1) }, /not register_node/],
    ['another chain', { genesis: testHash('other') }, /it is for chain/],
    ['a tip', { extra: '1500040400' }, /pays a tip/],
    ['unknown extensions', { extra: '15000400000000' }, /signed extensions/],
    ['a metadata mode', { extra: '1500040001' }, /signed extensions/],
    ['a metadata hash', { mode: '01' }, /metadata hash/],
    ['bytes that are hashed', { call: () => new Uint8Array(300) }, /it has \d+ bytes/],
    ['a bare hash', { call: () => new Uint8Array(0), extra: '' }, /it has \d+ bytes/],
  ])('signs nothing when the payload holds %s', async (_what, bend, reason) => {
    enrolment.bend = bend;
    expect(await failure()).toMatchObject({
      code: 'AUTH_PAYLOAD_REFUSED',
      message: expect.stringMatching(reason),
    });
    expect(enrolment.asked).toHaveLength(1);
    await expect(readNodeLog(joinPath(folder, 'receipts.log'))).rejects.toThrow(/no identity/);
  });

  it('signs an immortal payload and large nonces alike', async () => {
    enrolment.bend = { extra: '00' + '02000400' + '00' + '00' };
    expect((await join(options(), signal)).node).toBe(2);
  });

  it('H: refuses an answer for another key or organisation', async () => {
    enrolment.answer = { key: coordinatorKey };
    expect(await failure()).toMatchObject({ code: 'AUTH_INVITE_MISMATCH' });
    enrolment.answer = { organisation: { organisation: 9, name: 'x' } };
    expect(await failure()).toMatchObject({ code: 'AUTH_INVITE_MISMATCH' });
  });

  it('H: passes on what the coordinator says of the token', async () => {
    const message = 'the invite token was used already\u001b[31m';
    const body = JSON.stringify({ error: { code: 'AUTH_TOKEN_USED', message, hint: '' } });
    enrolment.refusal = { status: 409, body };
    expect(await failure()).toMatchObject({
      code: 'AUTH_TOKEN_USED',
      message: 'the invite token was used already [31m',
      hint: expect.stringContaining('tally node invite'),
    });
  });

  it('H: refuses a bad token, a bad name and an unwritable folder before it asks anybody', async () => {
    expect(await failure({ token: token.slice(0, 40) })).toMatchObject({
      code: 'AUTH_TOKEN_MALFORMED',
    });
    expect(await failure({ name: 'Budapest' })).toMatchObject({
      code: 'CONFIG_NODE_INVALID',
      message: expect.stringContaining('name'),
    });
    await writeFile(joinPath(folder, '..', 'file'), '');
    const blocked = joinPath(folder, '..', 'file', 'site');
    expect(await failure({ folder: blocked })).toMatchObject({
      code: 'CONFIG_FOLDER_UNWRITABLE',
      message: expect.stringContaining(blocked),
    });
    expect(enrolment.asked).toEqual([]);
    expect(await readdir(joinPath(folder, '..'))).toEqual(['file']);
  });

  it('H: names a wrong address', async () => {
    const fetch = (): Promise<Response> =>
      Promise.reject(new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') }));
    expect(await failure({ fetch, url: 'http://127.0.0.1:9' })).toMatchObject({
      code: 'NET_UNREACHABLE',
      message: expect.stringMatching(/127\.0\.0\.1:9.*ECONNREFUSED/),
    });
  });
});
