import type { RoundLedger } from '@tallystick/chain';
import { TallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { MemoryLogger, VirtualClock } from '@tallystick/kernel/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { NO_CRASH } from '../crash-points.js';
import { Readiness } from '../readiness.js';
import { FakeOutbox } from '../testing/fake-outbox.js';
import { TestChainRun } from '../testing/test-chain-run.js';
import { Wake } from '../wake.js';
import { CommitPublisher } from './commit-publisher.js';
import { LedgerDuty } from './ledger-duty.js';

describe('LedgerDuty', () => {
  let chain: TestChainRun;
  let outbox: FakeOutbox;
  let newestEpoch: number;
  let resets: number;
  beforeEach(async () => {
    chain = await TestChainRun.open();
    outbox = new FakeOutbox();
    newestEpoch = 1;
    resets = 0;
  });

  function duty(changes: Partial<RoundLedger> = {}): LedgerDuty {
    const replaced = { resetNonces: () => Promise.resolve(void resets++), ...changes };
    const ledger = new Proxy<RoundLedger>(chain.ledger, {
      get: (target, name) => {
        const value: unknown = Reflect.get(replaced, name) ?? Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const clock = new VirtualClock();
    const ports = { ledger, sha256, logger: new MemoryLogger() };
    const rest = { signer: chain.signer, wake: new Wake(clock), clock, crash: NO_CRASH };
    const backlog = { set: () => undefined };
    const epochs = { step: () => Promise.resolve(false) };
    const readiness = new Readiness();
    return new LedgerDuty({
      ...ports,
      claims: {
        claim: (name, epoch) =>
          epoch === newestEpoch
            ? Promise.resolve({ name, epoch })
            : Promise.reject(new TallyError('ROUND_FENCED', { lease: name })),
      },
      runs: {
        ids: () => Promise.resolve([chain.run]),
        known: () => Promise.resolve(new Set([chain.run])),
      },
      voids: {
        under: () => ({
          ofRuns: () => Promise.resolve(new Map()),
          take: () => Promise.resolve(),
        }),
      },
      outbox: { under: () => outbox },
      publisher: (under) =>
        new CommitPublisher({ ...ports, ...rest, readiness, backlog, epochs, outbox: under }),
      readiness,
      clock,
      voided: () => undefined,
      onFenced: () => undefined,
    });
  }

  it('uses no nonce that it knew before another one led', async () => {
    const ledger = duty();
    await ledger.start(1);
    expect(resets).toBe(1);
    await ledger.stop();
  });

  it('refuses to start over a chain that holds what the database does not', async () => {
    await chain.commitElsewhere(chain.next());
    await expect(duty().start(1)).rejects.toMatchObject({ code: 'LEDGER_CONFLICT' });
  });

  it('sees no conflict in what the next leader has done meanwhile', async () => {
    const goOn = duty({
      anchored: async (run) => {
        newestEpoch = 2;
        await chain.commitElsewhere(chain.next());
        return chain.ledger.anchored(run);
      },
    });
    await expect(goOn.start(1)).rejects.toMatchObject({ code: 'ROUND_FENCED' });
  });
});
