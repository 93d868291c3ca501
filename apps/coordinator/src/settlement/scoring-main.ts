import { setPriority } from 'node:os';
import { FsBlobStore } from '@tallystick/blobs';
import { scoreContributions } from '@tallystick/compute';
import { asHash, type Hash, utf8 } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { encodeSheet } from '@tallystick/payout';
import { payoutOf, RunSpec } from '@tallystick/protocol';
import { foldSpecOf, genesisModel } from '@tallystick/rounds';
import { InlineTrainer, openValidation } from '@tallystick/training';
import { isScoringJob, type ScoringAnswer, type ScoringJob } from './scoring-job.js';

/** Scores wait for rounds, never the other way round. */
const NICE = 10;

/**
 * Entry of the scoring process, forked by `scoreInProcess`: one job, one answer. It ends when the channel does, so a
 * coordinator that was killed leaves no orphan behind. The same job gives the same sheet.
 */
async function score({ blobFolder, spec: text, specHash, files }: ScoringJob): Promise<Hash> {
  const spec = RunSpec.parse(JSON.parse(text));
  const blobs = new FsBlobStore({ folder: blobFolder });
  const { manifest, id } = genesisModel(sha256, spec, specHash);
  const data = asHash(payoutOf(spec).validation?.sha256 ?? '');
  const trainer = new InlineTrainer();
  try {
    const set = { path: blobs.path(data), sha256: data, data: spec.data, model: spec.model };
    const validation = await openValidation(trainer, { ...set, manifest });
    // no round is opened with these: form and clip alone are taken from them
    const rules = foldSpecOf(spec, { model: id, state: id, cohort: 0 });
    const sheet = await scoreContributions(files, validation, { blobs, sha256, manifest, rules });
    return await blobs.put(utf8(encodeSheet(sheet)));
  } finally {
    await trainer.close();
  }
}

async function answer(job: ScoringJob): Promise<ScoringAnswer> {
  try {
    return { kind: 'scored', sheet: await score(job) };
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
  }
}

setPriority(NICE);
process.once('disconnect', () => process.exit());
process.once('message', (message: unknown) => {
  if (!isScoringJob(message)) process.exit(1);
  void answer(message).then((said) => process.send?.(said, () => process.disconnect()));
});
