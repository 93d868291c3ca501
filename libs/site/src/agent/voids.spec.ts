import { sha256 } from '@tallystick/kernel/node';
import { decodeSigned, HEADER, RECEIPT, recordHash } from '@tallystick/record';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readNodeLog } from '../log/read-node-log.js';
import { SiteBench } from '../testing/index.js';

let bench: SiteBench;
beforeEach(async () => {
  bench = await SiteBench.start();
});
afterEach(() => bench.close());

/** Rounds 0 to 3, all held by this site; a receipt of it in round 3. */
async function fourRounds(): Promise<void> {
  bench.play(3);
  const offer = bench.coordinator.offer();
  const { receipt } = await bench.update(offer);
  await bench.agent.concluded(bench.finish(offer, [receipt]), bench.signal);
}

describe('a site whose run went back to an earlier round', () => {
  it('asks what is void, writes it down before it answers, and trains from the model before', async () => {
    await fourRounds();
    const span = bench.voidFrom(2);
    const offer = bench.coordinator.offer();
    const { receipt } = await bench.update(offer);
    const { value } = decodeSigned(RECEIPT, receipt);
    expect(value).toMatchObject({ round: span.until, prev: offer.task.task.prev });
    expect((await bench.kinds()).slice(-3)).toEqual(['voids', 'task', 'receipt']);
    const held = decodeSigned(HEADER, bench.coordinator.headers[1] ?? '').value;
    expect(offer.task.task).toMatchObject({
      prev: recordHash(sha256, HEADER, held),
      model: held.modelAfter,
    });
    expect(await bench.evidence()).toEqual([]);
    expect(bench.logger.lines.map(({ event }) => event)).toContain('round.void');
  });

  it('goes on with it after a restart, through later rounds and another void', async () => {
    await fourRounds();
    bench.voidFrom(2);
    const offer = bench.coordinator.offer();
    const { receipt } = await bench.update(offer);
    await bench.agent.concluded(bench.finish(offer, [receipt]), bench.signal);
    await bench.restart();
    await bench.update();
    bench.play(2); // without this site: it takes the headers in later
    const second = bench.voidFrom(1_029);
    await bench.restart();
    const answer = await bench.update(bench.coordinator.offer({}, []));
    expect(answer.round).toBe(second.until);
    expect(bench.log.voids(bench.coordinator.run)).toEqual(bench.source.voidsHeld);
    expect(await bench.evidence()).toEqual([]);
  });

  it('goes back to the beginning, too', async () => {
    await fourRounds();
    const span = bench.voidFrom(0);
    expect((await bench.update()).round).toBe(span.until);
    expect(bench.log.history(bench.coordinator.run)?.head).toBeUndefined();
  });

  it('begins a run of which nothing counts that it could have seen', async () => {
    const span = bench.voidFrom(0);
    expect((await bench.update()).round).toBe(span.until);
  });

  it('leaves a log that an auditor reads, with the headers that were taken back', async () => {
    await fourRounds();
    const span = bench.voidFrom(2);
    await bench.update();
    const log = await readNodeLog(bench.log.path);
    expect(log.voids.at(-1)?.spans).toEqual([span]);
    expect(log.headers.map(({ round }) => round)).toEqual([0, 1, 2, 3]);
  });

  it('believes no void that its own chain does not know, and accuses nobody before it does', async () => {
    await bench.joinChain();
    await fourRounds();
    const span = bench.voidFrom(2);
    const offer = bench.coordinator.offer();
    const asked = bench.agent.answer(offer, bench.signal);
    await expect(asked).rejects.toMatchObject({ code: 'ROUND_VOID_UNCONFIRMED' });
    expect(await bench.evidence()).toEqual([]);
    expect((await bench.kinds()).at(-1)).not.toBe('voids');
    bench.chainVoids = [span];
    expect((await bench.update(offer)).round).toBe(span.until);
  });

  it('takes a coordinator that goes back without a void for what it is', async () => {
    await fourRounds();
    bench.voidFrom(2);
    bench.source.voidsHeld = [];
    const decline = await bench.decline();
    expect(decline.code).toBe('ROUND_PREV_UNKNOWN');
    expect(await bench.evidence()).toHaveLength(1);
  });

  it('accepts no void that is taken back', async () => {
    await fourRounds();
    bench.voidFrom(2);
    await bench.update();
    bench.source.voidsHeld = [{ from: 1_500, until: 3_000 }];
    const offer = bench.coordinator.offer({ round: 3_000 });
    await expect(bench.agent.answer(offer, bench.signal)).resolves.toMatchObject({
      kind: 'decline',
    });
    expect(bench.log.voids(bench.coordinator.run)).toHaveLength(1);
  });

  it('does not carry an update that was voided into the next one', async () => {
    await fourRounds();
    const { run } = bench.coordinator;
    expect(bench.log.includedBefore(run, 4)).toBe(3);
    const span = bench.voidFrom(2);
    await bench.update();
    expect(bench.log.includedBefore(run, span.until)).toBe(-1);
  });
});
