import type { NodeId } from '@tallystick/kernel';
import { ed25519, sha256, signerFromSeed } from '@tallystick/kernel/node';
import { describe, expect, it } from 'vitest';
import { FakeFederation } from './testing/fake-federation.js';
import { answerAll, never, specOf } from './testing/unit-run.js';

const nodes = [10, 11, 12, 13].map((byte) => signerFromSeed(new Uint8Array(32).fill(byte)));
const coordinator = signerFromSeed(new Uint8Array(32).fill(1));
const federation = (): FakeFederation =>
  new FakeFederation(specOf(), { sha256, ed25519, coordinator, nodes });
const closed = async (fed: FakeFederation): Promise<number> =>
  (await fed.journal.load(fed.plan.run)).headers.length;

describe('a paused run', () => {
  it('finishes the open round, opens no other, and ends with the same model when it goes on', async () => {
    const calm = federation();
    const calmLoop = calm.loop();
    answerAll(calm, calmLoop);
    const calmRun = calmLoop.play(never);
    await calm.clock.advance(1_000);

    const fed = federation();
    const loop = fed.loop();
    const played = loop.play(never);
    await fed.clock.advance(1);
    loop.pause();
    await fed.clock.advance(100);
    expect(loop.status()).toMatchObject({ round: 0, phase: 'collecting' });
    answerAll(fed, loop);
    for (const { node, offer } of [...fed.link.offers]) void fed.submit(loop, node, offer);
    await fed.clock.advance(100);
    expect(await played).toMatchObject({ status: 'paused', rounds: 1 });
    expect(await closed(fed)).toBe(1);

    const second = fed.loop();
    answerAll(fed, second);
    const rest = second.play(never);
    await fed.clock.advance(1_000);
    expect(await rest).toEqual(await calmRun);
  });

  it('finishes a round that was open when the process died, paused or not', async () => {
    const fed = federation();
    const stop = new AbortController();
    void fed.loop().play(stop.signal);
    await fed.clock.advance(1);
    stop.abort();
    await fed.clock.advance(1);
    const loop = fed.loop();
    loop.pause();
    answerAll(fed, loop);
    const played = loop.play(never);
    await fed.clock.advance(100);
    expect(await played).toMatchObject({ status: 'paused', rounds: 1 });
    expect(await closed(fed)).toBe(1);
  });

  it('rests at once between two rounds, and plays on when the pause is taken back in time', async () => {
    const fed = federation();
    fed.ledger.nodes.splice(1); // too few for a round
    const loop = fed.loop();
    const played = loop.play(never);
    await fed.clock.advance(500);
    loop.pause();
    loop.goOn();
    await fed.clock.advance(500);
    expect(loop.status().waitingBecause).toContain('fewer than 3 nodes');
    loop.pause();
    await fed.clock.advance(500);
    expect(await played).toMatchObject({ status: 'paused', rounds: 0 });
    expect(await closed(fed)).toBe(0);
  });

  it('is cancelled by a stop, and opens nothing meanwhile', async () => {
    const fed = federation();
    const loop = fed.loop();
    loop.pause();
    const stop = new AbortController();
    stop.abort();
    expect(await loop.play(stop.signal)).toMatchObject({ status: 'cancelled', rounds: 0 });
    expect(fed.link.offers.filter(({ node }) => node === (0 as NodeId))).toEqual([]);
  });
});
