import { readFile, rm } from 'node:fs/promises';
import { decodeUpdate } from '@tallystick/aggregation';
import { asNodeId, TallyError, ZERO_HASH } from '@tallystick/kernel';
import { ed25519, sha256 } from '@tallystick/kernel/node';
import {
  DECLINE,
  DeclineReason,
  decodeSigned,
  RECEIPT,
  type Task,
  verifyRecord,
} from '@tallystick/record';
import { localSeed, type Offer } from '@tallystick/rounds';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  flipSignature,
  nodeSigner,
  SiteBench,
  TEST_CHAIN,
  TestCoordinator,
  testHash,
  testSpec,
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
    const values = decodeUpdate(await readFile(answer.path), manifest);
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

describe('SiteAgent.answer follows the chain of headers', () => {
  it('takes the headers in between from the offer', async () => {
    bench.play(3);
    await bench.update();
    expect(await bench.kinds()).toEqual(['header', 'header', 'header', 'task', 'receipt']);
    expect(bench.source.calls).not.toContain('headers 0');
  });

  it('fetches older ones than the offer brings', async () => {
    bench.play(20);
    bench.source.headersHeld = bench.coordinator.headers;
    await bench.update();
    expect(bench.source.calls.filter((call) => call.startsWith('headers'))).toEqual(['headers 0']);
    expect((await bench.kinds()).filter((kind) => kind === 'header')).toHaveLength(20);
  });

  it('declines when nobody has the headers in between', async () => {
    bench.play(3);
    const decline = await bench.decline(bench.coordinator.offer({}, []));
    expect(decline.code).toBe('ROUND_PREV_UNKNOWN');
    expect(await bench.evidence()).toEqual([
      expect.objectContaining({ code: 'ROUND_PREV_UNKNOWN', round: 3 }),
    ]);
  });

  it.each<[string, Partial<Task>, RegExp]>([
    ['prev', { prev: testHash('elsewhere') }, /^prev is/],
    ['model', { model: testHash('elsewhere') }, /^model is/],
    ['state', { state: testHash('elsewhere') }, /^state is/],
    ['spec', { spec: testHash('elsewhere') }, /^genesis is/],
    ['round', { round: 5 }, /^round is 5, expected 2/],
    ['atBlock', { atBlock: 9 }, /^atBlock went back/],
  ])('declines a task whose %s does not continue, and keeps it', async (_field, change, reason) => {
    bench.play(2);
    const bent = bench.coordinator.offer(change);
    const decline = await bench.decline(bent);
    expect(decline.code).toBe('ROUND_PREV_UNKNOWN');
    const [evidence, ...more] = await bench.evidence();
    expect(more).toEqual([]);
    expect(evidence?.detail).toMatch(reason);
    expect(evidence?.wires.at(-1)).toBe(bent.task.wire);
    expect(evidence?.wires[0]).toBe(bench.coordinator.headers[1]);
    if (change.round === undefined) expect((await bench.update()).kind).toBe('update');
  });

  it.each<[string, Partial<Task>]>([
    ['spec', { spec: testHash('elsewhere') }],
    ['prev', { prev: testHash('elsewhere') }],
    ['model', { model: testHash('elsewhere') }],
  ])('declines a first task whose %s does not give its genesis', async (_field, change) => {
    expect((await bench.decline(bench.coordinator.offer(change))).code).toBe('ROUND_PREV_UNKNOWN');
  });

  it('finds two signed headers of one round', async () => {
    const offer = bench.coordinator.offer();
    const changes = { modelAfter: testHash('another model') };
    const other = bench.coordinator.close(offer, [], { changes }).header.wire;
    bench.play(1);
    await bench.update();
    const decline = await bench.decline(bench.coordinator.offer({ deadlineMs: 1n }, [other]));
    expect(decline.code).toBe('ROUND_ALREADY_SIGNED');
    const bent = bench.coordinator.close(bench.coordinator.offer(), []);
    bench.coordinator.advance(bent);
    const next = await bench.decline(bench.coordinator.offer({}, [other]));
    expect(next.code).toBe('ROUND_HEADER_DIFFERS');
    expect((await bench.evidence()).at(-1)).toMatchObject({
      code: 'ROUND_HEADER_DIFFERS',
      round: 0,
      wires: [bench.coordinator.headers[0], other],
    });
  });

  it('does not sign for a round that is over', async () => {
    const offer = bench.coordinator.offer();
    bench.trainer.failure = new TallyError('ENGINE_CRASHED', { reason: 'signal 9' });
    await expect(bench.update(offer)).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
    await bench.agent.concluded(bench.coordinator.close(offer, []), bench.signal);
    bench.trainer.failure = undefined;
    await expect(bench.update(offer)).rejects.toMatchObject({ code: 'ROUND_CLOSED' });
    expect(await bench.kinds()).toEqual(['task', 'header']);
  });
});

describe('SiteAgent.answer checks what the task is made of', () => {
  it.each<[string, () => Offer, string]>([
    [
      'another list of members',
      () => ({ ...bench.coordinator.offer(), cohort: bench.coordinator.cohort.slice(1) }),
      'ROUND_TASK_INVALID',
    ],
    [
      'a member with another cap',
      () => ({
        ...bench.coordinator.offer(),
        cohort: bench.coordinator.cohort.map((member) => ({ ...member, cap: 5n })),
      }),
      'ROUND_TASK_INVALID',
    ],
    [
      'members out of order',
      () => ({ ...bench.coordinator.offer(), cohort: bench.coordinator.cohort.toReversed() }),
      'ROUND_TASK_INVALID',
    ],
    ['a wrong count', () => bench.coordinator.offer({ cohort: 5 }), 'ROUND_TASK_INVALID'],
    ['a wrong unit', () => bench.coordinator.offer({ unit: 2n }), 'ROUND_TASK_INVALID'],
    [
      'a cohort without this site',
      () => {
        const nodes = [0, 2, 3];
        const { id, model } = bench.run;
        return new TestCoordinator({ spec: id, model: model.id, nodes }).offer();
      },
      'ROUND_NOT_MEMBER',
    ],
  ])('declines %s', async (_what, offer, code) => {
    const decline = await bench.decline(offer());
    expect(decline.code).toBe(code);
    expect(decodeSigned(DECLINE, decline.wire).value.reason).toBe(DeclineReason.history);
    expect(bench.trainer.requests).toEqual([]);
  });

  it('declines a spec and a model of other bytes', async () => {
    bench.source.specs.set(
      bench.run.id,
      testSpec((yaml) => yaml.replace('heart', 'lung')).canonical,
    );
    const spec = await bench.decline();
    expect(spec.code).toBe('STORE_BLOB_DAMAGED');
    await rebuilt();
    bench.source.models.set(bench.run.model.id, new Uint8Array(8));
    expect((await bench.decline()).code).toBe('STORE_BLOB_DAMAGED');
    expect(bench.trainer.requests).toEqual([]);
  });
});

describe('SiteAgent.answer obeys the policy of the site', () => {
  it.each<[string, (yaml: string) => string, string, number]>([
    ['purpose', (y) => y.replace('0000007', '0000006'), 'POLICY_PURPOSE', DeclineReason.policy],
    [
      'cohort',
      (y) => y.replace('minCohort: 3', 'minCohort: 5'),
      'POLICY_COHORT_TOO_SMALL',
      DeclineReason.policy,
    ],
    [
      'model',
      (y) => y.replace('minCohort: 3', 'models: [lung]'),
      'POLICY_MODEL',
      DeclineReason.policy,
    ],
    ['dataset', (y) => y.replace('heart:', 'lung:'), 'POLICY_DATASET', DeclineReason.data],
  ])('declines by %s and says why', async (_what, yaml, code, reason) => {
    await rebuilt({ yaml });
    const decline = await bench.decline();
    expect(decline.code).toBe(code);
    expect(decline.message).not.toMatch(/\{\w+\}/);
    expect(decodeSigned(DECLINE, decline.wire).value.reason).toBe(reason);
    expect(bench.trainer.requests).toEqual([]);
    expect(await bench.kinds()).toEqual(['task', 'decline']);
    expect(await bench.evidence()).toEqual([]);
  });

  it.each(['[heart]', `[${testSpec().id}]`, 'any'])('trains when models is %s', async (models) => {
    await rebuilt({ yaml: (text) => text.replace('minCohort: 3', `models: ${models}`) });
    expect((await bench.update()).kind).toBe('update');
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

  it('signs nothing when trying again may help, or when it is told to stop', async () => {
    const offer = bench.coordinator.offer();
    bench.trainer.failure = new TallyError('ENGINE_CRASHED', { reason: 'signal 9' });
    await expect(bench.update(offer)).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
    bench.trainer.failure = undefined;
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    await expect(bench.agent.answer(offer, stop.signal)).rejects.toThrow('stopped');
    expect(await bench.kinds()).toEqual(['task']);
    expect((await bench.update(offer)).kind).toBe('update');
    expect(await bench.kinds()).toEqual(['task', 'receipt']);
  });
});
