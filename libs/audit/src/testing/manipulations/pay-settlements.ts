import { asAccountId, utf8 } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { encodeSheet, type Validation } from '@tallystick/payout';
import { type Entitle, SCORES, signRecord } from '@tallystick/record';
import { epochPath, type EpochFile } from '../../bundle/layout.js';
import type { StepId } from '../../findings.js';
import { BOWL, type SettlingLies } from '../fixture/settled-epoch.js';
import { keyOf } from '../fixture/test-keys.js';
import { resettle } from '../operator/resettle.js';
import { type Manipulation, repaired } from './manipulation.js';
import { poorer, settledIn, sheetOf, writeEpoch } from './pay-files.js';
import { the } from './pick.js';

/** The coordinator settles with its real keys, but not what follows from updates and rules. */
function settled(
  name: string,
  [step, record]: readonly [StepId, string],
  lies: SettlingLies,
): Manipulation {
  return repaired(name, 'none', async (bundle) => {
    const before = settledIn(bundle).record.value.entitleRoot;
    const { record: now } = await resettle(bundle, lies);
    if (now.value.entitleRoot === before) return undefined; // it changed nothing
    return { step, record, by: 'coordinator' };
  });
}

const path = (file: EpochFile): string => epochPath(0, file);
const LEAF = `${path('entitlements.bin')} leaf `;

/** Pays whoever moves the first weight down. */
const FLAT: Validation = {
  ...BOWL,
  gradientAt: (weights) => Promise.resolve(Float64Array.from(weights, (_, j) => (j === 0 ? 1 : 0))),
};

/** What another file would give: the mean of (w − 1)² ÷ 2. */
const OTHER_SET: Validation = {
  gradientAt: (weights) =>
    Promise.resolve(Float64Array.from(weights, (w) => (w - 1) / weights.length)),
  lossAt: (weights) =>
    Promise.resolve(weights.reduce((sum, w) => sum + (w - 1) ** 2 / 2, 0) / weights.length),
};

/** Moves units of the second leaf to the first. */
function moved(units: (second: bigint) => bigint): (honest: readonly Entitle[]) => Entitle[] {
  return ([first, second, ...others]) => {
    const [to, from] = [the(first), the(second)];
    const part = units(from.cumulative);
    const taken = { ...from, cumulative: from.cumulative - part };
    return [{ ...to, cumulative: to.cumulative + part }, taken, ...others];
  };
}

const entitlements: readonly Manipulation[] = [
  settled('half of an entitlement moved to another account, settled', ['V10', LEAF], {
    entitlements: moved((second) => second / 2n),
  }),
  settled('one unit moved to another account, settled', ['V10', LEAF], {
    entitlements: moved(() => 1n),
  }),
  settled('an entitlement to an account of its own, settled', ['V10', LEAF], {
    entitlements: ([first, ...others]) => {
      const account = asAccountId(keyOf('coordinator account').key);
      return [{ ...the(first), account }, ...others].toSorted((a, b) =>
        a.account < b.account ? -1 : 1,
      );
    },
  }),
  settled('an account entitled twice, settled', ['V10', LEAF], {
    entitlements: ([first, ...others]) => {
      const { account, cumulative } = the(first);
      return [{ account, cumulative: cumulative - 1n }, { account, cumulative: 1n }, ...others];
    },
  }),
  settled('entitlements in another order, settled', ['V10', LEAF], {
    entitlements: (honest) => honest.toReversed(),
  }),
  settled('the cap of an organisation ignored, settled', ['V10', LEAF], { capPpm: 1_000_000 }),
  settled('everybody paid alike, settled', ['V10', LEAF], {
    entitlements: (honest) => {
      const total = honest.reduce((sum, { cumulative }) => sum + cumulative, 0n);
      const [part, rest] = [total / BigInt(honest.length), total % BigInt(honest.length)];
      return honest.map((leaf, i) => ({ ...leaf, cumulative: part + (i === 0 ? rest : 0n) }));
    },
  }),
  settled('nobody paid although updates were worth something, settled', ['V10', LEAF], {
    entitlements: () => [],
  }),
];

const scores: readonly Manipulation[] = [
  settled('a score changed, entitlements to match, settled', ['V10', path('scores.json')], {
    sheet: poorer,
  }),
  settled('a multiplier changed, entitlements to match, settled', ['V10', path('scores.json')], {
    sheet: (sheet) => {
      const index = sheet.scores.findIndex(({ score }) => score > 0n);
      const { multiplierPpm, score, ...rest } = the(sheet.scores[index]);
      const doubled = { ...rest, multiplierPpm: multiplierPpm * 2n, score: score * 2n };
      return { ...sheet, scores: sheet.scores.with(index, doubled) };
    },
  }),
  settled('a node left out of the scores, settled', ['V10', path('scores.json')], {
    sheet: (sheet) => {
      const paid = the(sheet.scores.find(({ score }) => score > 0n));
      return { ...sheet, scores: sheet.scores.filter((each) => each !== paid) };
    },
  }),
  settled('audits of a seed of its own choice, settled', ['V10', path('scores.json')], {
    sheet: (sheet) => poorer({ ...sheet, seed: sha256(utf8('a seed that suits')) }),
  }),
  settled('measurements that nobody made, settled', ['V11', path('scores.json')], {
    validation: FLAT,
  }),
  settled('measured on another validation set, settled', ['V11', path('scores.json')], {
    validation: OTHER_SET,
  }),
  repaired('a sheet signed anew after the settlement', 'none', async (bundle) => {
    const epoch = settledIn(bundle);
    const text = utf8(encodeSheet(poorer(sheetOf(epoch))));
    const value = { ...the(epoch.scores).record.value, sheet: sha256(text) };
    const { signature } = signRecord(SCORES, value, bundle.keys.coordinator);
    const scores = { record: { value, signature }, sheet: text };
    await writeEpoch(bundle, { ...epoch, scores }, 0);
    await bundle.repairManifest();
    return { step: 'V10', record: path('scores.json'), by: 'coordinator' };
  }),
];

const others: readonly Manipulation[] = [
  repaired(
    'an epoch settled with another root than the one that is shown',
    'none',
    async (bundle) => {
      const shown = settledIn(bundle);
      await resettle(bundle, { entitlements: moved((second) => second / 2n) });
      await writeEpoch(bundle, shown, 0);
      await bundle.repairManifest();
      return { step: 'V2', record: path('epoch.bin'), by: 'holder of the files' };
    },
  ),
];

/** What a coordinator can settle with its real keys. */
export const PAY_SETTLEMENTS: readonly Manipulation[] = [...entitlements, ...scores, ...others];
