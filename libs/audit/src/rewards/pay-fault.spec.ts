import { payFaultBytes } from '@tallystick/chain';
import { concatBytes } from '@tallystick/kernel';
import type { Entitle } from '@tallystick/record';
import { afterEach, describe, expect, it } from 'vitest';
import { readRun } from '../state/stored-run.js';
import type { SettlingLies } from '../testing/fixture/settled-epoch.js';
import { testBundle, type TestBundle } from '../testing/fixture/test-bundle.js';
import { StandingClock, TestChain } from '../testing/fixture/test-chain.js';
import { openEvidence, releasedRuntimes } from '../testing/operator/evidence.js';
import { refusalIn } from '../testing/operator/refusal.js';
import { replay } from '../testing/operator/replay.js';
import type { FoundFault } from './pay-fault.js';
import { findPayFault } from './preview-rewards.js';

/** `Tally.dispute`. */
const DISPUTE = Uint8Array.of(0x20, 14);

type Lie = (honest: readonly Entitle[]) => readonly Entitle[];

/** Units from the second account to the first, or the other way when negative. */
function moved(units: bigint): Lie {
  return ([first, second, ...others]) => {
    if (first === undefined || second === undefined) throw new Error('two are paid');
    return [
      { ...first, cumulative: first.cumulative + units },
      { ...second, cumulative: second.cumulative - units },
      ...others,
    ];
  };
}

describe('a false settlement', () => {
  let bundle: TestBundle | undefined;
  afterEach(() => bundle?.remove());

  async function settled(policy: 'weight' | 'equal', settles: SettlingLies): Promise<TestBundle> {
    bundle = await testBundle({ settles, spec: { payout: { policy, epochRounds: 3 } } });
    return bundle;
  }

  const found = async ({ folder }: TestBundle): Promise<FoundFault | undefined> =>
    findPayFault({ folder, knownRuntimes: await releasedRuntimes() });

  /** What the pallet makes of the dispute: the number of epochs that are left, or its error. */
  async function judged(
    { folder, keys }: TestBundle,
    fault: FoundFault['fault'],
  ): Promise<number | string | undefined> {
    if (fault === undefined) throw new Error('nothing to show');
    const { spec, blocks, history } = await openEvidence(folder);
    const clock = new StandingClock(0);
    const chain = await TestChain.open(spec, keys.authority, clock);
    try {
      for (const block of blocks) await replay(chain, clock, block);
      await chain.block([keys.treasury, concatBytes(DISPUTE, payFaultBytes(fault))]);
      return (await refusalIn(chain)) ?? readRun(chain.read, history.runId)?.epoch;
    } finally {
      await chain.close();
    }
  }

  it.each<[string, 'weight' | 'equal', Lie]>([
    ['a payee that got two units more by weight', 'weight', moved(2n)],
    ['a payee that got two units less by weight', 'weight', moved(-2n)],
    ['a payee that got a tenth more where all are paid alike', 'equal', moved(25_000_000n)],
    ['payees out of order', 'weight', (honest) => honest.toReversed()],
    [
      'a payee that was left out',
      'weight',
      ([first, ...others]) => {
        const [second, ...rest] = others;
        if (first === undefined || second === undefined) throw new Error('two are paid');
        return [{ ...second, cumulative: second.cumulative + first.cumulative }, ...rest];
      },
    ],
  ])(
    'E: the chain voids the epoch for %s',
    async (_what, policy, entitlements) => {
      const own = await settled(policy, { entitlements });
      const fault = await found(own);
      expect(fault).toMatchObject({ epoch: 0 });
      expect(await judged(own, fault?.fault)).toBe(0);
    },
    60_000,
  );

  it('E: an honest epoch gives nothing to dispute, and what a liar would show is refused', async () => {
    const own = await settled('weight', {});
    expect(await found(own)).toBeUndefined();
    const lying = await testBundle({
      settles: { entitlements: moved(2n) },
      spec: { payout: { policy: 'weight', epochRounds: 3 } },
    });
    try {
      const fault = (await found(lying))?.fault;
      expect(await judged(own, fault)).toBe('WrongProof');
    } finally {
      await lying.remove();
    }
  }, 60_000);

  it('shows nothing to the chain of shares that it does not judge', async () => {
    bundle = await testBundle({ settles: { entitlements: moved(2n) }, spec: { seed: 5 } });
    expect(await found(bundle)).toMatchObject({ epoch: 0, fault: undefined });
  }, 60_000);
});
