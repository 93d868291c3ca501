import { sha256, signerFromSeed, ed25519 } from '@tallystick/kernel/node';
import { RunSpec } from '@tallystick/protocol';
import { LOSS_NOT_MEASURED } from '@tallystick/record';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LossTrack, NO_LOSSES, stoppedEarly, trackLoss } from './loss-track.js';
import { FakeFederation } from './testing/fake-federation.js';
import { answerAll, never, specOf } from './testing/unit-run.js';

const signers = [10, 11, 12, 13].map((byte) => signerFromSeed(new Uint8Array(32).fill(byte)));
const crypto = { sha256, ed25519, coordinator: signerFromSeed(new Uint8Array(32).fill(1)) };

/** A run whose sites say `losses[round]`, nano-units, of the model they were given. */
async function play(losses: readonly bigint[], changes: Record<string, unknown>) {
  const fed = new FakeFederation(specOf({ rounds: 20, ...changes }), { ...crypto, nodes: signers });
  const loop = fed.loop();
  answerAll(fed, loop, (round) => ({ lossBefore: losses[round] ?? LOSS_NOT_MEASURED }));
  const played = loop.play(never);
  await fed.clock.advance(1_000);
  const outcome = await played;
  return { fed, outcome, state: await fed.journal.load(fed.plan.run) };
}

/** The fold as an auditor of the headers does it. */
function trackOf(state: Awaited<ReturnType<typeof play>>['state'], spec: RunSpec): LossTrack {
  return state.headers.reduce(
    (track, header, i) => trackLoss(track, { header, metrics: state.metrics[i] ?? '{}' }, spec),
    NO_LOSSES,
  );
}

describe('early stop and best model', () => {
  it('ends the run after `patience` rounds without a smaller loss, as completed, with the reason', async () => {
    const losses = [9n, 7n, 8n, 7n, 5n].map((x) => x * 100_000_000n);
    const { outcome, state } = await play(losses, { earlyStop: { patience: 2 } });
    expect(outcome).toMatchObject({ status: 'completed', rounds: 4 });
    expect(outcome.reason).toBe(
      'stopped early: 2 rounds in a row brought no smaller loss; the smallest is 0.7, of round 1',
    );
    expect(state.headers.map(({ round }) => round)).toEqual([0, 1, 2, 3]);
  });

  it('counts only what is below the mark by minDelta, and slow gains together', async () => {
    const losses = [100n, 97n, 94n, 92n, 91n, 90n].map((x) => x * 10_000_000n);
    const spec = { earlyStop: { patience: 2, minDelta: 0.05 } };
    const { outcome } = await play(losses, spec);
    // 1.00 is the mark; 0.97 is no gain, 0.94 is one; 0.92 and 0.91 are none.
    expect(outcome.rounds).toBe(5);
  });

  it('takes a round without a measured loss for neither a gain nor its absence', async () => {
    const none = LOSS_NOT_MEASURED;
    const losses = [700_000_000n, none, none, none, 800_000_000n, none, 900_000_000n, none];
    const { outcome } = await play(losses, { earlyStop: { patience: 2 } });
    expect(outcome.rounds).toBe(7);
  });

  it('plays all rounds without the rule, and keeps the model before the round of the smallest loss', async () => {
    const losses = [9n, 7n, 8n, 7n, 9n];
    const { fed, outcome, state } = await play(losses, { rounds: 5 });
    expect(outcome).toMatchObject({ status: 'completed', rounds: 5 });
    const { best } = trackOf(state, fed.plan.spec);
    expect(best).toEqual({ round: 1, model: state.headers[0]?.modelAfter, loss: 7 });
  });

  it('says nothing of the best model in asynchronous rounds', async () => {
    const { fed, state } = await play([9n, 7n, 8n], { rounds: 3 });
    const spec = { ...fed.plan.spec, asynchronous: { maxStaleness: 1 } };
    expect(trackOf(state, spec).best).toBeUndefined();
  });

  it('decides after a restart as it would have without one', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 8, maxLength: 8 }),
        fc.integer({ min: 1, max: 7 }),
        async (losses, cut) => {
          const nano = losses.map((x) => BigInt(x) * 100_000_000n);
          const rule = { earlyStop: { patience: 2 }, rounds: 8 };
          const whole = await play(nano, rule);
          const fed = new FakeFederation(specOf(rule), { ...crypto, nodes: signers });
          const killed = new AbortController();
          const first = fed.loop();
          answerAll(fed, first, (round) => {
            if (round === cut) killed.abort();
            return { lossBefore: nano[round] ?? 0n };
          });
          const cancelled = first.play(killed.signal);
          await fed.clock.advance(1_000);
          const before = await cancelled;
          const second = fed.loop();
          answerAll(fed, second, (round) => ({ lossBefore: nano[round] ?? 0n }));
          const played = second.play(never);
          await fed.clock.advance(1_000);
          const outcome = await played;
          expect(outcome).toEqual(whole.outcome);
          expect(before.status === 'cancelled' || whole.outcome.rounds <= cut).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('does not count rounds twice when a port failed in between', async () => {
    const losses = [9n, 8n, 8n, 8n, 8n].map((x) => x * 100_000_000n);
    const fed = new FakeFederation(specOf({ earlyStop: { patience: 3 }, rounds: 20 }), {
      ...crypto,
      nodes: signers,
    });
    const loop = fed.loop();
    answerAll(fed, loop, (round) => {
      if (round === 2) fed.folders.failures = 1; // the next round's fold
      return { lossBefore: losses[round] ?? 0n };
    });
    const played = loop.play(never);
    await fed.clock.advance(5_000);
    expect(await played).toMatchObject({ status: 'completed', rounds: 5 });
  });

  it('needs `patience` rounds, no fewer', () => {
    const spec = { earlyStop: { patience: 3, minDelta: 0 } };
    expect(stoppedEarly({ withoutGain: 2 }, spec)).toBeUndefined();
    expect(stoppedEarly({ withoutGain: 3 }, spec)).toMatch(/^stopped early/);
    expect(stoppedEarly({ withoutGain: 99 }, {})).toBeUndefined();
  });
});
