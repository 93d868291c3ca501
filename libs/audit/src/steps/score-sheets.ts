import { decodeModel } from '@tallystick/aggregation';
import {
  type EpochFiles,
  measurementFault,
  scoredFiles,
  type ScoringDeps,
  sheetFault,
} from '@tallystick/compute';
import { ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { auditSeed, type ScoreSheet, type Validation } from '@tallystick/payout';
import { HEADER, recordHash, SCORES } from '@tallystick/record';
import { foldSpecOf } from '@tallystick/rounds';
import type { EpochScoresEvidence } from '../bundle/epoch-evidence.js';
import { blobPath, epochPath } from '../bundle/layout.js';
import { readSheet, scoreBlobs } from '../bundle/read-sheet.js';
import { demand, demandEqual } from '../findings.js';
import { type History, roundOf } from '../history.js';
import { BundleBlobs } from './bundle-blobs.js';
import { coordinatorKey, demandSigned, isSigned } from './signed-by.js';
import { demandBlob } from './v6-updates.js';

/**
 * The sheet of a settled epoch is the one that the coordinator key signed, and its scores follow from updates and
 * published measurements, to the unit. A file that nobody signed was changed by whoever holds the files.
 */
export async function checkSheet(history: History, epoch: number): Promise<void> {
  const { record, sheet: bytes } = scoresOf(history, epoch);
  const { lastRound } = settled(history, epoch);
  const signed = { record: epochPath(epoch, 'scores.bin'), by: 'holder of the files' } as const;
  // the record names no round: whichever key of the run was in force when it was scored, or asked for again
  const keys = history.run.coordinatorKeys.map(({ key }) => key);
  const key =
    keys.find((one) => isSigned(SCORES, record, one)) ?? coordinatorKey(history, lastRound);
  demandSigned(SCORES, record, key, signed);
  const { chain, run, epoch: number } = record.value;
  const want = `${history.chain.genesis} ${history.runId} ${epoch}`;
  demandEqual(want, `${chain} ${run} ${number}`, signed);
  const file = epochPath(epoch, 'scores.json');
  demandEqual(record.value.sheet, sha256(bytes), { record: file, by: 'holder of the files' });
  const place = { record: file, by: 'coordinator' } as const;
  const sheet = readSheet(bytes);
  demand(sheet !== undefined, place, 'a canonical score sheet', 'another text');
  for (const id of scoreBlobs({ scores: { record, sheet: bytes } })) {
    demandBlob(history, id, { record: `gradient (${blobPath(id)})`, by: 'holder of the files' });
  }
  const fault = await sheetFault(epochFiles(history, epoch), sheet, depsOf(history));
  const rule = 'scores that follow from updates and measurements';
  demand(fault === undefined, place, rule, fault ?? '');
}

/**
 * V11: every measurement that a sheet publishes, made again on the public validation set. Call after V10. Returns the
 * number of rounds measured.
 */
export async function checkMeasurements(history: History, validation: Validation): Promise<number> {
  let rounds = 0;
  for (const epoch of history.epochs.keys()) {
    const place = { record: epochPath(epoch, 'scores.json'), by: 'coordinator' } as const;
    const sheet = readSheet(scoresOf(history, epoch).sheet);
    demand(sheet !== undefined, place, 'a canonical score sheet', 'another text');
    const deps = { ...depsOf(history), validation };
    const fault = await measurementFault(epochFiles(history, epoch), sheet, deps);
    demand(fault === undefined, place, 'what the validation set gives', fault ?? '');
    rounds += sheet.rounds.length;
  }
  return rounds;
}

function scoresOf({ epochs }: History, epoch: number): EpochScoresEvidence {
  const scores = epochs[epoch]?.scores;
  const place = { record: epochPath(epoch, 'scores.bin'), by: 'holder of the files' } as const;
  demand(scores !== undefined, place, 'the file', 'none');
  return scores;
}

function settled({ epochs }: History, epoch: number) {
  const evidence = epochs[epoch];
  if (evidence === undefined) throw new RangeError(`there is no epoch ${epoch}`);
  return evidence.record.value;
}

/** What the sheet must be about, from the committed rounds and the chain; `before` from the sheet before. */
function epochFiles(history: History, epoch: number): EpochFiles {
  const { rounds, commits, chain } = history;
  const { firstRound, lastRound } = settled(history, epoch);
  const last = roundOf(rounds, lastRound);
  const seed = auditSeed(sha256, {
    lastHeader: last === undefined ? ZERO_HASH : recordHash(sha256, HEADER, last.header.value),
    block: chain.hashOf(commits.get(lastRound) ?? 0) ?? ZERO_HASH,
  });
  const committed = rounds
    .filter(({ round }) => round <= lastRound)
    .map(({ round, task, leaves }) => ({ round, model: task.value.model, contributions: leaves }));
  return {
    epoch,
    seed,
    rounds: scoredFiles(committed, { firstRound, lastRound }),
    before: before(history, epoch),
  };
}

function before(history: History, epoch: number): ScoreSheet['tallies'] {
  if (epoch === 0) return [];
  return readSheet(scoresOf(history, epoch - 1).sheet)?.tallies ?? [];
}

function depsOf({ blobs, spec, genesisModel, rounds }: History): ScoringDeps {
  const [first] = rounds;
  const { id: model } = genesisModel;
  const task = first?.task.value ?? { model, state: ZERO_HASH, cohort: 0 };
  return {
    blobs: new BundleBlobs(blobs),
    sha256,
    manifest: decodeModel(sha256, genesisModel.bytes).manifest,
    rules: foldSpecOf(spec, task),
  };
}
