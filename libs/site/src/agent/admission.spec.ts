import { TallyError } from '@tallystick/kernel';
import { DECLINE, DeclineReason, decodeSigned, type Task } from '@tallystick/record';
import type { Offer } from '@tallystick/rounds';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SiteBench, TestCoordinator, testHash, testSpec } from '../testing/index.js';

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
    bench.trainer.failure = new TallyError('NET_UNREACHABLE', { url: 'u', reason: 'r' });
    await expect(bench.update(offer)).rejects.toMatchObject({ code: 'NET_UNREACHABLE' });
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
    [
      'a cap above the spec, though the unit follows from it',
      () => {
        const { id: spec, model } = bench.run;
        const member = { cap: 2_000_000n };
        return new TestCoordinator({ spec, model: model.id, member }).offer({ unit: 2n });
      },
      'ROUND_TASK_INVALID',
    ],
  ])('declines %s', async (_what, offer, code) => {
    const decline = await bench.decline(offer());
    expect(decline.code).toBe(code);
    expect(decodeSigned(DECLINE, decline.wire).value.reason).toBe(DeclineReason.history);
    expect(bench.trainer.requests).toEqual([]);
  });

  it('leaves a task for a newer key of this node alone: the process is about to get that key', async () => {
    const { id: spec, model } = bench.run;
    const member = { keyEpoch: 1 };
    const offer = new TestCoordinator({ spec, model: model.id, member }).offer();
    await expect(bench.agent.answer(offer, new AbortController().signal)).rejects.toMatchObject({
      code: 'ROUND_NEW_KEY',
    });
    expect(bench.trainer.requests).toEqual([]);
    expect(bench.log.round(offer.task.task.run, offer.task.task.round)).toBeUndefined();
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
