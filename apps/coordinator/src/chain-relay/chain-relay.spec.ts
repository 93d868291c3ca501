import { LIMITS, RelayBatch } from '@tallystick/protocol';
import { TallyError } from '@tallystick/kernel';
import { describe, expect, it } from 'vitest';
import { ChainRelay } from './chain-relay.js';

const BLOCK = `0x${'ab'.repeat(32)}`;
const request = (method: string, params: unknown): unknown => ({
  jsonrpc: '2.0',
  id: 1,
  method,
  params,
});

describe('what the relay takes', () => {
  it.each([
    ['chain_getFinalizedHead', []],
    ['chain_getHeader', [BLOCK]],
    ['chain_getBlockHash', [[0, 1]]],
    ['state_getReadProof', [['0x01'], BLOCK]],
    ['grandpa_proveFinality', [7]],
    ['author_submitExtrinsic', ['0x0102']],
  ])('%s', (method, params) => {
    expect(RelayBatch.safeParse([request(method, params)]).success).toBe(true);
  });

  it.each([
    ['system_addReservedPeer', ['x']],
    ['author_insertKey', ['aura', 'x', '0x00']],
    ['state_call', ['Metadata_metadata', '0x']],
    ['state_getReadProof', [['0x01']]],
    ['state_getReadProof', [[], BLOCK]],
    ['state_getReadProof', [Array(LIMITS.maxRelayKeys + 1).fill('0x01'), BLOCK]],
    ['chain_getBlockHash', [Array(LIMITS.maxRelayHashes + 1).fill(0)]],
    ['author_submitExtrinsic', [`0x${'00'.repeat(LIMITS.maxRelayExtrinsicBytes + 1)}`]],
    ['chain_getHeader', ['latest']],
  ])('not %s with %j', (method, params) => {
    expect(RelayBatch.safeParse([request(method, params)]).success).toBe(false);
  });

  it('not more requests than a batch has', () => {
    const one = request('chain_getFinalizedHead', []);
    expect(RelayBatch.safeParse(Array(LIMITS.maxRelayCalls + 1).fill(one)).success).toBe(false);
  });
});

describe('ChainRelay', () => {
  const batch = RelayBatch.parse([
    { jsonrpc: '2.0', id: 'a', method: 'chain_getFinalizedHead', params: [] },
    { jsonrpc: '2.0', id: 2, method: 'chain_getHeader', params: [BLOCK] },
  ]);

  it('answers in order, and a refusal in its place', async () => {
    const relay = new ChainRelay({
      call: (method) =>
        method === 'chain_getHeader'
          ? Promise.reject(new TallyError('LEDGER_UNREACHABLE', { url: 'x', reason: 'gone' }))
          : Promise.resolve(BLOCK),
    });
    const [first, second] = await relay.answer(batch);
    expect(first).toEqual({ jsonrpc: '2.0', id: 'a', result: BLOCK });
    expect(second).toMatchObject({ id: 2, error: { code: -32_000 } });
  });

  it('works on no more batches at once than its limit', async () => {
    let release = (): void => undefined;
    const wait = new Promise<void>((resolve) => (release = resolve));
    const relay = new ChainRelay({ call: () => wait });
    const all = Array.from({ length: LIMITS.maxRelayBatches }, () => relay.answer(batch));
    await expect(relay.answer(batch)).rejects.toMatchObject({ code: 'NET_BUSY' });
    release();
    await Promise.all(all);
    await expect(relay.answer(batch)).resolves.toHaveLength(2);
  });
});
