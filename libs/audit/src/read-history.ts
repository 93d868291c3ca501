import { asHash, isTallyError, type RunId, TallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/crypto';
import { type EntitleRoot, entitleRoot } from '@tallystick/payout';
import { EPOCH, recordHash } from '@tallystick/record';
import { payoutOf, type RunSpec } from '@tallystick/protocol';
import { genesisModel, type GenesisModel } from '@tallystick/rounds';
import type { Anchors } from './anchors.js';
import type { EvidenceFiles } from './bundle/evidence-files.js';
import { type EpochEvidence, readEpoch, type ReadScores } from './bundle/epoch-evidence.js';
import { blobPath, epochFileNames, epochPath, ROUND_FILES, roundPath } from './bundle/layout.js';
import { readRound, type RoundEvidence } from './bundle/round-evidence.js';
import { decodeUtf8 } from './bundle/strict-json.js';
import { demand, demandEqual, Mismatch } from './findings.js';
import type { Blobs, History, VerifiedChain } from './history.js';
import { runCommits } from './state/run-commits.js';
import { readStoredEpoch } from './state/stored-epochs.js';
import { countingRounds, readRun, readVoids, type StoredRun } from './state/stored-run.js';

/** Reads the canonical JSON of a spec. */
export type ParseSpec = (
  json: string,
) =>
  | { readonly ok: true; readonly spec: RunSpec }
  | { readonly ok: false; readonly faults: readonly { readonly message: string }[] };

/** What a history is read with. */
export interface ReadOptions {
  readonly anchors: Anchors;
  readonly parseSpec: ParseSpec;
  /** Where the files hold the score sheets of a run that pays by contribution. */
  readonly readScores?: ReadScores;
  /** Rounds that `readRounds` has read already. */
  readonly decoded?: readonly RoundEvidence[];
}

const BY = 'holder of the files';
const SPEC = 'run/spec.json';

/**
 * Decodes the run's files against what the chain says of the run. A file that is missing, torn, of another spec or of no
 * round of the chain is a Mismatch.
 */
export async function readHistory(
  bundle: EvidenceFiles,
  chain: VerifiedChain,
  { anchors, parseSpec, readScores, decoded }: ReadOptions,
): Promise<History> {
  const runId = bundle.manifest.run;
  const read = chain.stateAt(chain.head.number);
  const run = readRun(read, runId);
  demand(run !== undefined, { record: `run ${runId} on the chain`, by: BY }, 'the run', 'none');
  const spec = await readSpec(bundle, run, parseSpec);
  const voids = readVoids(read, runId);
  const rounds = decoded ?? (await readRounds(bundle, countingRounds(run, voids)));
  return {
    runId,
    chain,
    run,
    spec,
    specHash: run.spec,
    genesisModel: genesisModelOf(spec, run),
    voids,
    rounds,
    epochs: await readEpochs(bundle, chain, {
      run: runId,
      count: run.epoch,
      readScores: payoutOf(spec).policy === 'contribution' ? readScores : undefined,
    }),
    commits: runCommits(chain, runId, rounds),
    anchors,
    blobs: blobsIn(bundle),
  };
}

async function readSpec(
  bundle: EvidenceFiles,
  run: StoredRun,
  parseSpec: ParseSpec,
): Promise<RunSpec> {
  const place = { record: SPEC, by: BY } as const;
  const bytes = await bundle.read(SPEC);
  demand(bytes !== undefined, place, 'the file', 'none');
  demandEqual(run.spec, sha256(bytes), place);
  const coordinator = { record: SPEC, by: 'coordinator' } as const; // it accepted a run with this hash
  const parsed = parseSpec(textOf(bytes, coordinator.record));
  if (parsed.ok) return parsed.spec;
  const found = parsed.faults.map(({ message }) => message).join('; ');
  throw new Mismatch(coordinator, { expected: 'a canonical run spec', found });
}

function textOf(bytes: Uint8Array, record: string): string {
  try {
    return decodeUtf8(bytes);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw new Mismatch({ record, by: 'coordinator' }, { expected: 'a canonical run spec', found });
  }
}

function genesisModelOf(spec: RunSpec, run: StoredRun): GenesisModel {
  const place = { record: 'genesis model', by: 'coordinator' } as const;
  try {
    const model = genesisModel(sha256, spec, run.spec);
    demandEqual(model.id, run.genesisModel, place);
    return model;
  } catch (error) {
    if (!isTallyError(error)) throw error;
    throw new Mismatch(place, { expected: 'a model that can be built', found: error.message });
  }
}

/** The rounds that count on the chain, and no file of any other. */
export async function readRounds(
  bundle: EvidenceFiles,
  numbers: Iterable<number>,
): Promise<readonly RoundEvidence[]> {
  const rounds: RoundEvidence[] = [];
  const expected = new Set<string>();
  for (const round of numbers) {
    rounds.push(await readRound((path) => bundle.read(path), round));
    for (const file of ROUND_FILES) expected.add(roundPath(round, file));
  }
  const extra = bundle.paths().find((path) => path.startsWith('rounds/') && !expected.has(path));
  if (extra === undefined) return rounds;
  const rule = `only the ${rounds.length} rounds that count on the chain`;
  throw new Mismatch({ record: extra, by: BY }, { expected: rule, found: 'another one' });
}

/** The epochs that the chain holds, and no file of any other. */
async function readEpochs(
  bundle: EvidenceFiles,
  chain: VerifiedChain,
  {
    run,
    count,
    readScores,
  }: { readonly run: RunId; readonly count: number; readonly readScores: ReadScores | undefined },
): Promise<readonly EpochEvidence[]> {
  const epochs: EpochEvidence[] = [];
  const expected = new Set<string>();
  const read = chain.stateAt(chain.head.number);
  for (let epoch = 0; epoch < count; epoch++) {
    const evidence = await readEpoch((path) => bundle.read(path), epoch, readScores);
    const place = { record: epochPath(epoch, 'epoch.bin'), by: BY } as const;
    const stored = readStoredEpoch(read, run, epoch);
    const own = recordHash(sha256, EPOCH, evidence.record.value);
    demandEqual(stored?.record ?? 'no such epoch', own, place);
    const leaves = { record: epochPath(epoch, 'entitlements.bin'), by: BY } as const;
    const { entitleRoot: root, accounts, total } = evidence.record.value;
    const rebuilt = entitleRoot(sha256, evidence.entitlements);
    demandEqual(`${accounts} ${total} ${root}`, rootText(rebuilt), leaves);
    epochs.push(evidence);
    for (const file of epochFileNames(readScores !== undefined))
      expected.add(epochPath(epoch, file));
  }
  const extra = bundle.paths().find((path) => path.startsWith('epochs/') && !expected.has(path));
  if (extra === undefined) return epochs;
  const rule = `only the ${count} epochs that the chain holds`;
  throw new Mismatch({ record: extra, by: BY }, { expected: rule, found: 'another one' });
}

function rootText({ accounts, total, entitleRoot: root }: EntitleRoot): string {
  return `${accounts} ${total} ${root}`;
}

function blobsIn(bundle: EvidenceFiles): Blobs {
  const folder = blobPath('');
  const names = bundle
    .paths()
    .filter((path) => path.startsWith(folder))
    .map((path) => asHash(path.slice(folder.length)));
  return {
    names,
    facts: (id) => bundle.file(blobPath(id)),
    read: async (id) => {
      const bytes = await bundle.read(blobPath(id));
      if (bytes === undefined) throw new TallyError('STORE_BLOB_MISSING', { sha256: id });
      return bytes;
    },
    withBytes: (id, use) => bundle.withBytes(blobPath(id), use),
  };
}
