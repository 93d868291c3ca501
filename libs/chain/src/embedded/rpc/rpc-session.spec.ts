import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ALICE, TestChains } from '../../testing/development-chain.js';
import { remark, signedExtrinsic } from '../../testing/signed-extrinsic.js';
import type { EmbeddedChain } from '../embedded-chain.js';
import { toHex0x } from '../hex.js';
import { storageKey } from '../storage-key.js';
import { RPC_LIMITS } from './rpc-limits.js';
import { rpcCatalogue, RpcSession } from './rpc-session.js';

interface Message {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
  readonly method?: string;
  readonly params?: { readonly subscription: string; readonly result: unknown };
}

describe('RPC session', () => {
  const chains = new TestChains();
  let chain: EmbeddedChain;
  let session: RpcSession;
  let messages: Message[];

  beforeEach(async () => {
    chain = await chains.open({ sealing: 'instant' });
    messages = [];
    const limits = { ...RPC_LIMITS, maxSubscriptions: 2, maxKeys: 3 };
    session = new RpcSession(rpcCatalogue({ chain, limits }), (text) =>
      messages.push(JSON.parse(text)),
    );
  });

  afterEach(() => chains.dispose());

  /** Calls and takes what arrived. */
  async function call(method: string, ...params: unknown[]): Promise<Message[]> {
    await session.handle(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
    return messages.splice(0);
  }

  const results = (list: Message[]): unknown[] => list.map(({ params }) => params?.result);

  test('a watched transaction: id, ready, block, end; then its place is free', async () => {
    for (let nonce = 0; nonce < 4; nonce++) {
      const extrinsic = toHex0x(signedExtrinsic(chain, remark('x'), { signer: ALICE, nonce }));
      const [reply, ready] = await call('author_submitAndWatchExtrinsic', extrinsic);
      expect(reply).toEqual({ jsonrpc: '2.0', id: 1, result: `s${nonce + 1}` });
      expect(ready?.params?.result).toBe('ready');
      await chains.clock.advance(100);
      const block = `0x${chain.head.hash}`;
      expect(results(messages.splice(0))).toEqual([{ inBlock: block }, { finalized: block }]);
    }
    const bad = await call('author_submitAndWatchExtrinsic', '0x00');
    expect(bad).toMatchObject([{ error: { code: 1011 } }]);
  });

  test('heads, storage and runtime version: the present first, then what changes, until told to stop', async () => {
    const key = toHex0x(storageKey('System', 'Number'));
    const still = toHex0x(storageKey('Aura', 'Authorities'));
    const [reply, first] = await call('state_subscribeStorage', [key, still]);
    expect(first?.params?.result).toMatchObject({ block: `0x${chain.genesis}` });
    await call('chain_subscribeFinalizedHeads');
    await chain.seal();
    await chains.clock.advance(60);
    expect(results(messages.splice(0))).toMatchObject([
      { changes: [[key, '0x01000000']] },
      { number: '0x1' },
    ]);
    expect(await call('state_subscribeRuntimeVersion')).toMatchObject([
      { error: { code: -32602 } },
    ]);
    expect(await call('state_unsubscribeStorage', reply?.result)).toMatchObject([{ result: true }]);
    expect(await call('state_unsubscribeStorage', reply?.result)).toMatchObject([
      { result: false },
    ]);
    const [, version] = await call('state_subscribeRuntimeVersion');
    expect(version?.params?.result).toMatchObject({ specName: 'tallystick', stateVersion: 1 });
    session.close();
    await chain.seal();
    await chains.clock.advance(60);
    expect(messages).toEqual([]);
  });

  test('parameters are checked, and nothing but the method is told about unexpected ones', async () => {
    const cases: [string, unknown[]][] = [
      ['state_getStorage', [1]],
      ['state_getStorage', ['0x0']],
      ['state_getStorage', []],
      ['chain_getBlock', ['0x00']],
      ['chain_getBlockHash', [-1]],
      ['chain_getBlockHash', ['0xzz']],
      ['state_getReadProof', [['0x', '0x', '0x', '0x']]],
      ['state_getKeysPaged', ['0x', 4]],
      ['system_accountNextIndex', ['nobody']],
      ['state_call', ['Core_version']],
    ];
    for (const [method, params] of cases) {
      expect(await call(method, ...params), method).toMatchObject([{ error: { code: -32602 } }]);
    }
    for (const odd of ['1', 'null', '"x"', '{}', '{"method":7,"id":1}', '[]', '[1]']) {
      await session.handle(odd);
    }
    expect(messages.splice(0)).toHaveLength(7);
    await session.handle('{"method":"constructor","id":1}');
    await session.handle('{"method":"chain_getHeader"}');
    expect(messages.splice(0)).toMatchObject([{ error: { code: -32601 } }]);
  });

  test('unknown and forgotten blocks have the codes of a Substrate node', async () => {
    const nowhere = `0x${'11'.repeat(32)}`;
    expect(await call('chain_getHeader', nowhere)).toMatchObject([{ result: null }]);
    expect(await call('chain_getBlockHash', 99)).toMatchObject([{ result: null }]);
    expect(await call('state_getStorage', '0x00', nowhere)).toMatchObject([
      { error: { code: 4003 } },
    ]);
    expect(await call('state_call', 'Core_nothing', '0x')).toMatchObject([
      { error: { code: 4003 } },
    ]);
    const [keys] = await call('state_getKeysPaged', toHex0x(storageKey('System', 'Account')), 3);
    expect(keys?.result).toHaveLength(3);
    const all = keys?.result as string[];
    const [next] = await call('state_getKeysPaged', all[0]?.slice(0, 66), 1, all[1]);
    expect(next?.result).toEqual([all[2]]);
  });

  test('a session without a way to push refuses subscriptions', async () => {
    const plain = new RpcSession(rpcCatalogue({ chain, limits: RPC_LIMITS }));
    const reply = await plain.answer('{"id":1,"method":"chain_subscribeNewHeads"}');
    expect(JSON.parse(reply ?? '')).toMatchObject({ error: { code: -32600 } });
  });
});
