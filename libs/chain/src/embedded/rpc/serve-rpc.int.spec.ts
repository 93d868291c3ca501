import '@polkadot/api/augment';
import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';
import type { ApiOptions, SubmittableExtrinsic } from '@polkadot/api/types';
import type { KeyringPair } from '@polkadot/keyring/types';
import { asHash, equalBytes, isTallyError } from '@tallystick/kernel';
import { systemClock } from '@tallystick/kernel/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { EmbeddedChain } from '../embedded-chain.js';
import { fromHex0x } from '../hex.js';
import { keyText } from '../storage-key.js';
import { exportedBlocks, releasedWasm, TestChains } from '../../testing/development-chain.js';
import { must } from '../../testing/must.js';
import { verifyReadProof } from '../trie/read-proof.js';
import { verifyBlocks } from '../verify-blocks.js';
import { type RpcServer, serveRpc } from './serve-rpc.js';

const UNIT = 10n ** 12n;
const ed = new Keyring({ type: 'ed25519' });
const sr = new Keyring({ type: 'sr25519' });
const ecdsa = new Keyring({ type: 'ecdsa' });
const [alice, bob, dave] = ['//Alice', '//Bob', '//Dave'].map((uri) => ed.addFromUri(uri));

interface Outcome {
  readonly block: string;
  readonly statuses: readonly string[];
  readonly events: readonly string[];
}

/** Signs, sends and waits until it is finalized. */
function send(tx: SubmittableExtrinsic<'promise'>, from: KeyringPair): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const statuses: string[] = [];
    tx.signAndSend(from, { nonce: -1 }, ({ events, isError, status }) => {
      statuses.push(status.type);
      if (isError) reject(new Error(status.type));
      if (!status.isFinalized) return;
      const names = events.map(({ event }) => `${event.section}.${event.method}`);
      resolve({ block: status.asFinalized.toHex(), statuses, events: names });
    }).catch(reject);
  });
}

describe('serveRpc', () => {
  const chains = new TestChains();
  let chain: EmbeddedChain;
  let server: RpcServer;
  let provider: WsProvider;
  let api: ApiPromise;

  beforeEach(async () => {
    chain = await chains.open({ sealing: 'instant', clock: systemClock });
    server = await serveRpc(chain, { host: '127.0.0.1', port: 0 });
    provider = new WsProvider(server.url);
    // polkadot-js's own class misses its own interface under exactOptionalPropertyTypes
    const options = { provider, noInitWarn: true, throwOnConnect: true } as unknown as ApiOptions;
    api = await ApiPromise.create(options);
    await api.rpc.system.health(); // its own subscriptions are answered by now
  });

  afterEach(async () => {
    await api.disconnect();
    await server.close();
    await chains.dispose();
  });

  test('@polkadot/api transfers with all three signature schemes, reads events and balances', async () => {
    const poor = ecdsa.addFromUri('//Poor');
    const transfers: [KeyringPair, string][] = [
      [alice, poor.address],
      [sr.addFromUri('//Alice'), dave.address],
      [poor, dave.address],
    ];
    const before = (await api.query.system.account(dave.address)).data.free.toBigInt();
    for (const [from, to] of transfers) {
      const amount = from === alice ? 3n * UNIT : UNIT;
      const { events, statuses } = await send(api.tx.balances.transferKeepAlive(to, amount), from);
      expect(events).toContain('balances.Transfer');
      expect(events).toContain('system.ExtrinsicSuccess');
      // The server's own order is held by rpc-session.spec.ts. polkadot-js passes InBlock over when Finalized arrives
      // while it still reads that block's events, as it does on a busy machine.
      const settled = statuses.filter((status) => status !== 'InBlock');
      expect(settled).toEqual(['Ready', 'Finalized']);
    }
    const after = (await api.query.system.account(dave.address)).data.free.toBigInt();
    expect(after - before).toBe(2n * UNIT);

    const blocks = await exportedBlocks(chain);
    const verified = await verifyBlocks({ spec: chain.spec, blocks });
    expect(verified).toMatchObject({ ok: true, head: { number: 3, hash: chain.head.hash } });
  });

  test('a read proof over RPC holds against the header, and not after a change', async () => {
    await send(api.tx.system.remarkWithEvent('hello'), alice);
    const key = api.query.system.account.key(alice.address);
    const absent = api.query.system.account.key(ecdsa.addFromUri('//Nobody').address);
    const header = await api.rpc.chain.getHeader();
    const { at, proof } = await api.rpc.state.getReadProof([key, absent], header.hash);
    expect(at.toHex()).toBe(header.hash.toHex());

    const root = asHash(header.stateRoot.toHex().slice(2));
    const nodes = proof.map((node) => fromHex0x(node.toHex()));
    const keys = [key, absent].map((k) => keyText(fromHex0x(k)));
    const value = must(chain.stateAt(chain.head.hash).get(fromHex0x(key)));
    const outcome = verifyReadProof(root, nodes, keys);
    expect(outcome.ok && outcome.values[1] === undefined).toBe(true);
    expect(outcome.ok && equalBytes(outcome.values[0] ?? new Uint8Array(), value)).toBe(true);

    const forged = nodes.map((node, i) =>
      i === nodes.length - 1 ? node.with(20, node[20] ^ 1) : node,
    );
    expect(verifyReadProof(root, forged, keys).ok).toBe(false);
  });

  test('many transactions of one account sent at once share few blocks, in order of nonce', async () => {
    const nonce = (await api.rpc.system.accountNextIndex(alice.address)).toNumber();
    const sent = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        api.tx.system.remarkWithEvent(`${i}`).signAsync(alice, { nonce: nonce + 39 - i }),
      ),
    );
    const last = send(api.tx.system.remarkWithEvent('other'), bob);
    await Promise.all(sent.map((tx) => api.rpc.author.submitExtrinsic(tx)));
    await last;
    while ((await api.query.system.account(alice.address)).nonce.toNumber() < nonce + 40) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(chain.head.number).toBeLessThan(12);
    expect(chain.pool.size).toBe(0);
  });

  test('accountNextIndex counts what waits in the pool; refusals carry Substrate codes', async () => {
    const future = await api.tx.system.remark('x').signAsync(alice, { nonce: 7 });
    await api.rpc.author.submitExtrinsic(future);
    expect((await api.rpc.system.accountNextIndex(alice.address)).toNumber()).toBe(0);
    expect(await api.rpc.author.pendingExtrinsics()).toHaveLength(1);
    // through the provider: api.rpc would also print the refusals
    const submit = (tx: typeof future): Promise<unknown> =>
      provider.send('author_submitExtrinsic', [tx.toHex()]);
    await expect(submit(future)).rejects.toMatchObject({ code: 1013 });

    await send(api.tx.system.remark('y'), alice);
    const stale = await api.tx.system.remark('z').signAsync(alice, { nonce: 0 });
    await expect(submit(stale)).rejects.toMatchObject({
      code: 1010,
      data: 'Transaction is outdated',
    });
  });

  test('follows a runtime upgrade: new code from the next block on, every block verifiable', async () => {
    const wasm = await releasedWasm();
    // an empty custom section named "x": other bytes, same behaviour
    const upgraded = Buffer.concat([wasm, Uint8Array.of(0, 2, 1, 0x78)]);
    for (const [code, error] of [
      [wasm, 'SpecVersionNeedsToIncrease'],
      [Uint8Array.of(1, 2, 3), 'FailedToExtractRuntimeVersion'],
    ] as const) {
      const checked = api.tx.system.setCode(`0x${Buffer.from(code).toString('hex')}`);
      expect(await sudoError(checked)).toBe(error);
    }
    const call = api.tx.system.setCodeWithoutChecks(`0x${upgraded.toString('hex')}`);
    const { events } = await send(api.tx.sudo.sudo(call), alice);
    expect(events).toContain('system.CodeUpdated');
    await send(api.tx.system.remarkWithEvent('after'), alice);

    const verified = await verifyBlocks({ spec: chain.spec, blocks: await exportedBlocks(chain) });
    if (!verified.ok) throw new Error(verified.reason);
    const [first, second] = verified.blocks.slice(-2);
    expect(first.codeHash).not.toBe(second.codeHash);
    const known = new Set([first.codeHash]);
    const strict = await verifyBlocks({
      spec: chain.spec,
      blocks: await exportedBlocks(chain),
      knownRuntimes: known,
    });
    expect(strict).toMatchObject({ ok: false, block: second.number, what: 'runtime' });
  });

  /** Error of a call that Sudo (Alice) makes. */
  async function sudoError(call: SubmittableExtrinsic<'promise'>): Promise<string | undefined> {
    const { block } = await send(api.tx.sudo.sudo(call), alice);
    const events = await (await api.at(block)).query.system.events();
    for (const { event } of events) {
      if (!api.events.sudo.Sudid.is(event) || !event.data.sudoResult.isErr) continue;
      return api.registry.findMetaError(event.data.sudoResult.asErr.asModule).name;
    }
    return undefined;
  }

  test('speaks plain JSON-RPC over HTTP POST, in batches, and bounds them', async () => {
    const post = async (body: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(server.url.replace('ws', 'http'), { method: 'POST', body, headers });
    const request = { jsonrpc: '2.0', id: 1, method: 'chain_getBlockHash', params: [0] };
    const reply = await (await post(JSON.stringify(request))).json();
    expect(reply).toEqual({ jsonrpc: '2.0', id: 1, result: `0x${chain.genesis}` });

    const batch = await (
      await post(JSON.stringify([request, { ...request, id: 2, method: 'no' }]))
    ).json();
    expect(batch).toMatchObject([{ id: 1 }, { id: 2, error: { code: -32601 } }]);
    const many = await (await post(JSON.stringify(Array(65).fill(request)))).json();
    expect(many).toMatchObject({ error: { code: -32600 } });
    expect(await (await post('{')).json()).toMatchObject({ error: { code: -32700 } });
    expect((await post('x'.repeat(9 * 1024 * 1024))).status).toBe(413);
    expect((await post('{}', { origin: 'https://evil.example' })).status).toBe(403);
  });

  test('offers nothing that rewrites state behind the runtime', async () => {
    const { methods } = await api.rpc.rpc.methods();
    const names = methods.map((name) => name.toString());
    expect(names.length).toBeGreaterThanOrEqual(30);
    expect(
      names.filter((name) =>
        /^(dev|engine|evm|sudo|debug)_|[sS]etStorage|setHead|insertKey/.test(name),
      ),
    ).toEqual([]);
  });

  test('cuts off pages of other sites and callers beyond the bounds', async () => {
    const refused = new WebSocket(server.url, { origin: 'https://evil.example' });
    const error = await new Promise<Error>((resolve) => refused.once('error', resolve));
    expect(error.message).toContain('403');

    const small = await serveRpc(chain, {
      host: '127.0.0.1',
      port: 0,
      limits: { maxSubscriptions: 1, maxMessageBytes: 1024 },
    });
    const ws = new WebSocket(small.url);
    await new Promise((resolve) => ws.once('open', resolve));
    const replies: unknown[] = [];
    const answered = new Promise<void>((resolve) =>
      ws.on('message', (data) => {
        if (replies.push(JSON.parse(Buffer.isBuffer(data) ? data.toString() : '')) === 3) resolve();
      }),
    );
    for (const id of [1, 2]) {
      ws.send(
        JSON.stringify({ jsonrpc: '2.0', id, method: 'chain_subscribeAllHeads', params: [] }),
      );
    }
    await answered;
    ws.send('x'.repeat(2000));
    const code = await new Promise((resolve) => ws.once('close', resolve));
    expect(code).toBe(1009);
    expect(replies).toMatchObject([
      { id: 1, result: 's1' },
      { method: 'chain_allHead', params: { subscription: 's1' } },
      { id: 2, error: { message: 'at most 1 subscriptions a connection' } },
    ]);
    await small.close();
  });

  test('names the port when it is taken', async () => {
    const again = serveRpc(chain, { host: '127.0.0.1', port: server.port });
    const error: unknown = await again.catch((e: unknown) => e);
    expect(isTallyError(error, 'CONFIG_PORT_IN_USE') && error.message).toContain(`${server.port}`);
  });
});
