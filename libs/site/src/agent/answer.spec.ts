import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeUpdate, DENSE_I32 } from '@tallystick/aggregation';
import { asNodeId, TallyError, ZERO_HASH } from '@tallystick/kernel';
import { ed25519, sha256 } from '@tallystick/kernel/node';
import { DECLINE, DeclineReason, decodeSigned, RECEIPT, verifyRecord } from '@tallystick/record';
import { localSeed, type Offer } from '@tallystick/rounds';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  flipSignature,
  nodeSigner,
  SiteBench,
  TEST_CHAIN,
  TestCoordinator,
  testHash,
} from '../testing/index.js';

let bench: SiteBench;
beforeEach(async () => {
  bench = await SiteBench.start();
});
afterEach(() => bench.close());

async function rebuilt(...options: Parameters<typeof SiteBench.start>): Promise<SiteBench> {
  await bench.close();
  bench = await SiteBench.start(...options);
  return bench;
}

describe('SiteAgent.answer', () => {
  it('trains, keeps file and log, and signs what it did', async () => {
    const offer = bench.coordinator.offer();
    const answer = await bench.update(offer);
    const { value, signature } = decodeSigned(RECEIPT, answer.receipt);
    expect(verifyRecord(ed25519, RECEIPT, value, nodeSigner(1).key, signature)).toBe(true);
    expect(value).toEqual({
      chain: TEST_CHAIN,
      run: 0,
      round: 0,
      prev: offer.task.task.prev,
      task: offer.taskHash,
      node: 1,
      keyEpoch: 0,
      update: answer.update,
      updateBytes: BigInt(answer.bytes),
      numExamples: 172n,
      lossBefore: 700_000_000n,
      lossAfter: 500_000_000n,
      policy: ZERO_HASH,
      salt: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    const file = await readFile(answer.path);
    expect(sha256(file)).toBe(answer.update);
    expect(file.length).toBe(answer.bytes);
    expect(await bench.kinds()).toEqual(['task', 'receipt']);
    expect(bench.trainer.requests[0]?.seed).toBe(localSeed(sha256, bench.run.id, 0, asNodeId(1)));
  });

  it('encodes the difference to the global model', async () => {
    const answer = await bench.update();
    const { manifest } = bench.trainer.requests[0] ?? {};
    if (manifest === undefined) throw new Error('nothing was trained');
    const values = decodeUpdate(await readFile(answer.path), manifest, DENSE_I32);
    const near = [...values].map((value) => Number(value) / 2 ** 32);
    for (const value of near) expect(Math.abs(value - 0.125)).toBeLessThan(1e-6);
  });

  it('resends identical bytes for the same task, in the same process and after a restart', async () => {
    const offer = bench.coordinator.offer();
    const first = await bench.update(offer);
    expect(await bench.update(offer)).toEqual(first);
    await bench.restart();
    expect(await bench.update(offer)).toEqual(first);
    expect(bench.trainer.requests).toHaveLength(1);
    expect(await bench.kinds()).toEqual(['task', 'receipt']);
  });

  it('makes a lost update file again', async () => {
    const offer = bench.coordinator.offer();
    const first = await bench.update(offer);
    const bytes = await readFile(first.path);
    await rm(first.path);
    expect(await bench.update(offer)).toEqual(first);
    expect((await readFile(first.path)).equals(bytes)).toBe(true);
    await rm(first.path);
    bench.trainer.delta = 0.25;
    await expect(bench.update(offer)).rejects.toMatchObject({ code: 'STORE_BLOB_MISSING' });
  });

  it('works once on a task that is offered twice at the same time', async () => {
    const offer = bench.coordinator.offer();
    const [a, b] = await Promise.all([bench.update(offer), bench.update(offer)]);
    expect(a).toEqual(b);
    expect(bench.trainer.requests).toHaveLength(1);
  });

  it('gives every round another salt, and the same round the same', async () => {
    const offer = bench.coordinator.offer();
    const salt = (wire: string): string => decodeSigned(RECEIPT, wire).value.salt;
    const first = await bench.update(offer);
    bench.finish(offer);
    const second = await bench.update();
    expect(salt(second.receipt)).not.toBe(salt(first.receipt));
    const other = await SiteBench.start();
    expect(salt((await other.update()).receipt)).toBe(salt(first.receipt));
    await other.close();
  });
});

describe('SiteAgent.answer refuses to sign twice', () => {
  it('declines a second task of a round and keeps both as evidence, once', async () => {
    const offer = bench.coordinator.offer();
    const second = bench.coordinator.offer({ deadlineMs: 1n });
    const first = await bench.update(offer);
    const decline = await bench.decline(second);
    expect(decline.code).toBe('ROUND_ALREADY_SIGNED');
    const { value, signature } = decodeSigned(DECLINE, decline.wire);
    expect(value).toMatchObject({ task: second.taskHash, reason: DeclineReason.history });
    expect(verifyRecord(ed25519, DECLINE, value, nodeSigner(1).key, signature)).toBe(true);
    expect(await bench.decline(second)).toEqual(decline);
    await bench.restart();
    expect(await bench.decline(second)).toEqual(decline);
    expect(await bench.evidence()).toEqual([
      expect.objectContaining({
        code: 'ROUND_ALREADY_SIGNED',
        wires: [offer.task.wire, second.task.wire],
      }),
    ]);
    expect(await bench.update(offer)).toEqual(first);
    expect(bench.trainer.requests).toHaveLength(1);
  });

  it('declines a second task that arrives while the first is in training', async () => {
    let open = (): void => undefined;
    bench.trainer.gate = new Promise((resolve) => {
      open = resolve;
    });
    const offer = bench.coordinator.offer();
    const first = bench.update(offer);
    const decline = await bench.decline(bench.coordinator.offer({ deadlineMs: 1n }));
    expect(decline.code).toBe('ROUND_ALREADY_SIGNED');
    open();
    expect((await first).kind).toBe('update');
    const receipts = (await bench.kinds()).filter((kind) => kind === 'receipt');
    expect(receipts).toHaveLength(1);
  });

  it('does not train after a decline of the same task, even when the reason is gone', async () => {
    bench.trainer.failure = new TallyError('ENGINE_DIVERGED', { tensor: 'dense.kernel' });
    const offer = bench.coordinator.offer();
    const decline = await bench.decline(offer);
    bench.trainer.failure = undefined;
    await bench.restart();
    expect(await bench.decline(offer)).toEqual(decline);
    expect(await bench.kinds()).toEqual(['task', 'decline']);
  });
});

describe('SiteAgent.answer listens to the pinned coordinator alone', () => {
  it.each<[string, () => Offer]>([
    [
      'another key',
      () => {
        const other = new TestCoordinator({
          spec: bench.run.id,
          model: bench.run.model.id,
          seed: 8,
        });
        return other.offer();
      },
    ],
    ['another chain', () => bench.coordinator.offer({ chain: testHash('another chain') })],
    [
      'a turned bit',
      () => {
        const offer = bench.coordinator.offer();
        return { ...offer, task: { ...offer.task, wire: flipSignature(offer.task.wire) } };
      },
    ],
  ])('rejects %s without signing or keeping anything', async (_what, offer) => {
    await expect(bench.agent.answer(offer(), bench.signal)).rejects.toMatchObject({
      code: 'AUTH_RECORD_SIGNATURE',
    });
    expect(await bench.kinds()).toEqual([]);
    await bench.update();
  });

  it('rejects a torn record', async () => {
    const offer = bench.coordinator.offer();
    const torn = { ...offer, task: { ...offer.task, wire: offer.task.wire.slice(2) } };
    await expect(bench.agent.answer(torn, bench.signal)).rejects.toMatchObject({
      code: 'PROTO_MALFORMED',
    });
  });
});

describe('SiteAgent.answer hands out only what is durable', () => {
  it('signs no receipt for an update that cannot be written', async () => {
    await writeFile(join(bench.folder, 'updates'), 'a file where the folder should be');
    const decline = await bench.decline();
    expect(decline.code).toBe('CONFIG_FOLDER_UNWRITABLE');
    expect(await bench.kinds()).toEqual(['task', 'decline']);
  });

  it('gives no receipt when the log cannot be written', async () => {
    let open = (): void => undefined;
    bench.trainer.gate = new Promise((resolve) => {
      open = resolve;
    });
    const answer = bench.agent.answer(bench.coordinator.offer(), bench.signal).then(
      ({ kind }) => kind,
      (error: unknown) => error,
    );
    await vi.waitUntil(() => bench.trainer.requests.length > 0);
    await bench.log.close();
    open();
    expect(await answer).toMatchObject({ code: 'CONFIG_FOLDER_UNWRITABLE' });
    expect(await bench.kinds()).toEqual(['task']);
    expect(await readdir(join(bench.folder, 'updates'))).toHaveLength(1);
  });
});

describe('H: SiteAgent.answer when local work fails', () => {
  it('declines divergence, a delta out of range and bad data with their codes', async () => {
    bench.trainer.delta = 600;
    const range = await bench.decline();
    expect(range.code).toBe('UPDATE_OUT_OF_RANGE');
    expect(range.message).toMatch(/tensor .* moved by/);
    expect(decodeSigned(DECLINE, range.wire).value.reason).toBe(DeclineReason.outOfRange);
    await rebuilt();
    bench.trainer.delta = Number.POSITIVE_INFINITY;
    const diverged = await bench.decline();
    expect(diverged.code).toBe('ENGINE_DIVERGED');
    expect(decodeSigned(DECLINE, diverged.wire).value.reason).toBe(DeclineReason.engine);
  });

  it('shows the coordinator no cell, no path and no other column', async () => {
    const meta = {
      file: '/secret/heart.csv',
      line: 7,
      column: 'age',
      value: '63',
      want: 'a number',
    };
    bench.trainer.failure = new TallyError('DATA_CELL_INVALID', meta);
    const cell = await bench.decline();
    expect(cell.code).toBe('DATA_CELL_INVALID');
    expect(cell.message).toBe('dataset heart line 7, column age: a cell is not a number');
    expect(decodeSigned(DECLINE, cell.wire).value.reason).toBe(DeclineReason.data);
    expect(JSON.stringify(bench.logger.lines)).not.toContain('63');
    await rebuilt();
    const columns = 'ssn, name';
    const missing = { file: '/secret/heart.csv', column: 'age', columns };
    bench.trainer.failure = new TallyError('DATA_COLUMN_MISSING', missing);
    const column = await bench.decline();
    expect(column.message).toBe(
      'dataset heart has no column age (it has: see the log of the site)',
    );
    expect(JSON.stringify(bench.logger.lines)).toContain('ssn');
    await rebuilt();
    bench.trainer.failure = new Error('patient 63');
    expect((await bench.decline()).message).not.toContain('63');
  });

  it('declines when the engine ended again and again', async () => {
    bench.trainer.failure = new TallyError('ENGINE_CRASHED', { reason: 'SIGKILL' });
    expect(await bench.decline()).toMatchObject({
      code: 'ENGINE_CRASHED',
      message: 'the training process ended with SIGKILL',
    });
  });

  it('signs nothing when trying again may help, or when it is told to stop', async () => {
    const offer = bench.coordinator.offer();
    bench.trainer.failure = new TallyError('NET_UNREACHABLE', { url: 'u', reason: 'r' });
    await expect(bench.update(offer)).rejects.toMatchObject({ code: 'NET_UNREACHABLE' });
    bench.trainer.failure = undefined;
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    await expect(bench.agent.answer(offer, stop.signal)).rejects.toThrow('stopped');
    expect(await bench.kinds()).toEqual(['task']);
    expect((await bench.update(offer)).kind).toBe('update');
    expect(await bench.kinds()).toEqual(['task', 'receipt']);
  });
});
