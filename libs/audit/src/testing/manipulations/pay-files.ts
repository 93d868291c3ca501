import { dirname } from 'node:path/posix';
import { utf8 } from '@tallystick/kernel';
import { decodeSheet, encodeSheet, type ScoreSheet } from '@tallystick/payout';
import { payoutOf } from '@tallystick/protocol';
import { ENTITLE } from '@tallystick/record';
import { epochFiles, type EpochEvidence } from '../../bundle/epoch-evidence.js';
import { blobPath, epochPath, type EpochFile } from '../../bundle/layout.js';
import { scoreBlobs } from '../../bundle/read-sheet.js';
import type { StepId } from '../../findings.js';
import type { TamperedBundle } from '../operator/tampered-bundle.js';
import { type Expectation, type Manipulation, raw, repaired } from './manipulation.js';
import { the } from './pick.js';

const HOLDER = 'holder of the files';
/** Bytes of a signature, at the end of a signed record. */
const SIGNATURE = 64;

/** The run's one settled epoch. */
export function settledIn({ honest }: TamperedBundle): EpochEvidence {
  return the(honest.history.epochs[0]);
}

function found(step: StepId, file: EpochFile): Expectation {
  return { step, record: epochPath(0, file), by: HOLDER };
}

function bitOf(name: string, step: StepId, [file, at]: readonly [EpochFile, number]): Manipulation {
  return raw(`one bit of ${file}: ${name}`, async (bundle) => {
    await bundle.flip(epochPath(0, file), at);
    return found(step, file);
  });
}

function dropped(file: EpochFile): Manipulation {
  return raw(`${file} dropped`, async (bundle) => {
    await bundle.remove(epochPath(0, file));
    return found('V2', file);
  });
}

/** Path and name of the public validation set. */
function validationSet({ honest }: TamperedBundle): { path: string; expected: Expectation } {
  const path = blobPath(the(payoutOf(honest.history.spec).validation).sha256);
  return { path, expected: { step: 'V11', record: `validation set (${path})`, by: HOLDER } };
}

function firstGradient(bundle: TamperedBundle): { path: string; expected: Expectation } {
  const path = blobPath(the(scoreBlobs(settledIn(bundle))[0]));
  return { path, expected: { step: 'V10', record: `gradient (${path})`, by: HOLDER } };
}

const bits: readonly Manipulation[] = [
  bitOf('total', 'V2', ['epoch.bin', -SIGNATURE - 1]),
  bitOf('signature', 'V2', ['epoch.bin', -1]),
  bitOf('account', 'V2', ['entitlements.bin', 0]),
  bitOf('cumulative', 'V2', ['entitlements.bin', ENTITLE.size - 16]),
  bitOf('sheet', 'V10', ['scores.bin', -SIGNATURE - 1]),
  bitOf('signature', 'V10', ['scores.bin', -1]),
  raw('one bit of scores.json: a score', async (bundle) => {
    const path = epochPath(0, 'scores.json');
    const before = '"score":"';
    const text = new TextDecoder().decode(await bundle.read(path));
    await bundle.flip(path, text.indexOf(before) + before.length);
    return found('V10', 'scores.json');
  }),
  dropped('epoch.bin'),
  dropped('entitlements.bin'),
  dropped('scores.bin'),
  dropped('scores.json'),
  raw('one bit of a gradient', async (bundle) => {
    const { path, expected } = firstGradient(bundle);
    await bundle.flip(path, -9);
    return expected;
  }),
  raw('a gradient dropped', async (bundle) => {
    const { path, expected } = firstGradient(bundle);
    await bundle.remove(path);
    return expected;
  }),
  raw('one bit of the validation set', async (bundle) => {
    const { path, expected } = validationSet(bundle);
    await bundle.flip(path, -2);
    return expected;
  }),
  raw('the validation set dropped', async (bundle) => {
    const { path, expected } = validationSet(bundle);
    await bundle.remove(path);
    return expected;
  }),
];

const files: readonly Manipulation[] = [
  repaired('an epoch added and listed', 'none', async (bundle) => {
    await writeEpoch(bundle, settledIn(bundle), 1);
    await bundle.repairManifest();
    return { step: 'V2', record: 'epochs/0001/', by: HOLDER };
  }),
  repaired('the epoch dropped and no longer listed', 'none', async (bundle) => {
    await bundle.remove(dirname(epochPath(0, 'epoch.bin')));
    await bundle.repairManifest();
    return found('V2', 'epoch.bin');
  }),
  repaired('another validation set, listed anew', 'none', async (bundle) => {
    const { path, expected } = validationSet(bundle);
    await bundle.write(path, utf8('a,b,c,y,set\n9,9,9,1,test\n'));
    await bundle.repairManifest();
    return expected;
  }),
];

/** A row of the settlement changed in the database, then exported: the record or leaves that the row says now. */
function row(
  name: string,
  [step, file]: readonly [StepId, EpochFile],
  edit: (epoch: EpochEvidence) => EpochEvidence,
): Manipulation {
  return repaired(`row of ${name}`, 'none', async (bundle) => {
    await writeEpoch(bundle, edit(settledIn(bundle)), 0);
    await bundle.repairManifest();
    return found(step, file);
  });
}

const rows: readonly Manipulation[] = [
  row('an epoch: a larger total', ['V2', 'epoch.bin'], (epoch) => {
    const { value, signature } = epoch.record;
    return { ...epoch, record: { value: { ...value, total: value.total + 1n }, signature } };
  }),
  row('an epoch: one round more', ['V2', 'epoch.bin'], (epoch) => {
    const { value, signature } = epoch.record;
    const lastRound = value.lastRound + 1;
    return { ...epoch, record: { value: { ...value, lastRound }, signature } };
  }),
  row('an entitlement: more', ['V2', 'entitlements.bin'], (epoch) => {
    const { account, cumulative } = the(epoch.entitlements[0]);
    const more = { account, cumulative: cumulative + 1n };
    return { ...epoch, entitlements: epoch.entitlements.with(0, more) };
  }),
  row('an entitlement: to another account', ['V2', 'entitlements.bin'], (epoch) => {
    const [{ cumulative }, { account }] = [the(epoch.entitlements[0]), the(epoch.entitlements[1])];
    return { ...epoch, entitlements: epoch.entitlements.with(0, { account, cumulative }) };
  }),
  row('an entitlement deleted', ['V2', 'entitlements.bin'], (epoch) => {
    return { ...epoch, entitlements: epoch.entitlements.slice(1) };
  }),
  row('a score sheet: another score', ['V10', 'scores.json'], (epoch) => {
    const scores = the(epoch.scores);
    const sheet = utf8(encodeSheet(poorer(sheetOf(epoch))));
    return { ...epoch, scores: { ...scores, sheet } };
  }),
];

/** The sheet of an epoch that has one. */
export function sheetOf({ scores }: EpochEvidence): ScoreSheet {
  return the(decodeSheet(new TextDecoder().decode(the(scores).sheet)));
}

/** A tenth less to the first that is paid. */
export function poorer(sheet: ScoreSheet): ScoreSheet {
  const index = sheet.scores.findIndex(({ score }) => score > 0n);
  const first = the(sheet.scores[index]);
  return {
    ...sheet,
    scores: sheet.scores.with(index, { ...first, score: (first.score * 9n) / 10n }),
  };
}

/** Writes the files of an epoch, in a folder that may not exist. */
export async function writeEpoch(
  bundle: TamperedBundle,
  evidence: EpochEvidence,
  epoch: number,
): Promise<void> {
  for (const [file, bytes] of epochFiles(evidence)) {
    await bundle.writeIn(epochPath(epoch, file), bytes);
  }
}

/** What whoever holds the files, or may write to the database, can do to a settled epoch. */
export const PAY_FILES: readonly Manipulation[] = [...bits, ...files, ...rows];
