import { readFile } from 'node:fs/promises';
import {
  countingRounds,
  decodeRun,
  decodeVoids,
  type EpochEvidence,
  type EpochScoresEvidence,
  type RoundEvidence,
  runKey,
  type StoredRun,
  voidsKey,
  writeBundle,
} from '@tallystick/audit';
import { fetchBlocks, fetchStorage } from '@tallystick/chain';
import { asHash, fromHex, type Hash, type RunId, TallyError } from '@tallystick/kernel';
import { parseCanonicalSpec, payoutOf } from '@tallystick/protocol';
import {
  decodeRecords,
  CONTRIB,
  DECLINE,
  decodeSigned,
  ENTITLE,
  EPOCH,
  EXCLUDE,
  HEADER,
  MEMBER,
  PROMISE,
  RECEIPT,
  SCORES,
  TASK,
} from '@tallystick/record';
import type { OperatorApi } from '../api/operator-api.js';

/** Where a run's evidence comes from. */
export interface EvidenceSource {
  readonly api: OperatorApi;
  /** RPC of the chain. */
  readonly chainUrl: string;
  /** Raw chain spec of the deployment. */
  readonly chainSpecFile: string;
}

/** What was exported. */
export interface ExportedRun {
  readonly run: RunId;
  readonly genesis: string;
  readonly head: string;
  readonly rounds: number;
}

/** Writes the evidence bundle of `run` into `folder`, which must be new or empty. */
export async function exportRun(
  run: RunId,
  folder: string,
  source: EvidenceSource,
): Promise<ExportedRun> {
  const { api } = source;
  const view = await api.run(run);
  const { genesis, head, bytes } = await fetchBlocks(source.chainUrl);
  const stored = await storedRun(run, source.chainUrl, head.hash);
  const numbers = await countingIn(run, source.chainUrl, { at: head.hash, stored });
  const spec = await api.spec(view.spec);
  await writeBundle(folder, {
    run,
    genesis,
    head: head.hash,
    genesisState: await genesisState(source.chainSpecFile),
    blocks: bytes,
    spec,
    rounds: rounds(api, run, numbers),
    epochs: await epochs(api, run, stored?.epoch ?? 0),
    blob: (id) => api.blob(id),
    genesisModel: view.genesisModel,
    validation: validationOf(spec),
  });
  return { run, genesis, head: head.hash, rounds: numbers.length };
}

/** As the exported blocks have it: a run that goes on meanwhile commits more. */
async function storedRun(run: RunId, chainUrl: string, at: Hash): Promise<StoredRun | undefined> {
  const bytes = await fetchStorage(chainUrl, runKey(run), at);
  return bytes === undefined ? undefined : decodeRun(run, bytes);
}

/** The rounds that count there: void ones are not evidence of anything that happened to the model. */
async function countingIn(
  run: RunId,
  chainUrl: string,
  { at, stored }: { readonly at: Hash; readonly stored: StoredRun | undefined },
): Promise<readonly number[]> {
  if (stored === undefined) return [];
  const bytes = await fetchStorage(chainUrl, voidsKey(run), at);
  const voids = bytes === undefined ? [] : decodeVoids(run, bytes);
  return [...countingRounds(stored, voids)];
}

/** The first `count` epochs: what the exported blocks have settled. */
async function epochs(
  api: OperatorApi,
  run: RunId,
  count: number,
): Promise<readonly EpochEvidence[]> {
  if (count === 0) return [];
  const views = await api.epochs(run);
  return Promise.all(
    views.slice(0, count).map(async ({ record, entitlements, scores }) => ({
      record: decodeSigned(EPOCH, record),
      entitlements: decodeRecords(ENTITLE, fromHex(entitlements)),
      ...(scores === null ? {} : { scores: await scoresOf(api, scores) }),
    })),
  );
}

async function scoresOf(api: OperatorApi, wire: string): Promise<EpochScoresEvidence> {
  const record = decodeSigned(SCORES, wire);
  return { record, sheet: await api.blob(record.value.sheet) };
}

function validationOf(spec: string): Hash | undefined {
  const parsed = parseCanonicalSpec(spec);
  const named = parsed.ok ? payoutOf(parsed.spec).validation : undefined;
  return named && asHash(named.sha256);
}

async function* rounds(
  api: OperatorApi,
  run: RunId,
  numbers: readonly number[],
): AsyncGenerator<RoundEvidence, void, undefined> {
  for (const round of numbers) {
    const evidence = await api.evidence(run, round);
    yield {
      round,
      task: decodeSigned(TASK, evidence.task),
      cohort: decodeRecords(MEMBER, fromHex(evidence.cohort)),
      header: decodeSigned(HEADER, evidence.header),
      leaves: decodeRecords(CONTRIB, fromHex(evidence.leaves)),
      excluded: decodeRecords(EXCLUDE, fromHex(evidence.excluded)),
      receipts: evidence.receipts.map((wire) => decodeSigned(RECEIPT, wire)),
      declines: evidence.declines.map((wire) => decodeSigned(DECLINE, wire)),
      promises: evidence.promises.map((wire) => decodeSigned(PROMISE, wire)),
      metrics: evidence.metrics,
    };
  }
}

async function genesisState(file: string): Promise<Readonly<Record<string, string>>> {
  try {
    const spec = JSON.parse(await readFile(file, 'utf8')) as {
      genesis: { raw: { top: Record<string, string> } };
    }; // written by this deployment; verify checks it against the genesis hash
    return spec.genesis.raw.top;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('DATA_FILE_UNREADABLE', { file, reason }, error);
  }
}
