import { type Hash, type RunId, utf8, ZERO_HASH } from '@tallystick/kernel';
import { BundleWriter } from './bundle-writer.js';
import { encodeChainSpec } from './canonical-spec.js';
import { scoreBlobs } from './read-sheet.js';
import { type EpochEvidence, epochFiles } from './epoch-evidence.js';
import { blobPath, epochPath, roundPath } from './layout.js';
import { type RoundEvidence, roundFiles } from './round-evidence.js';

/** Everything that goes into a bundle. */
export interface BundleContent {
  readonly run: RunId;
  readonly genesis: Hash;
  readonly head: Hash;
  /** Raw genesis state, 0x-hex keys and values. */
  readonly genesisState: Readonly<Record<string, string>>;
  /** Blocks 1..head as `export-blocks --binary` writes them. */
  readonly blocks: Uint8Array;
  /** Canonical JSON of the run spec. */
  readonly spec: string;
  /** All rounds that the chain holds at `head`, ascending. */
  readonly rounds: AsyncIterable<RoundEvidence> | Iterable<RoundEvidence>;
  /** All epochs that the chain holds at `head`, ascending. */
  readonly epochs: readonly EpochEvidence[];
  /** Models, states and updates; each is asked for once. */
  readonly blob: (id: Hash) => Promise<Uint8Array>;
  readonly genesisModel: Hash;
  /** The public set that a run which pays by contribution is measured on. */
  readonly validation?: Hash | undefined;
}

/** Writes an evidence bundle (protocol.md §9) into an empty or new folder. The manifest is written last. */
export async function writeBundle(folder: string, content: BundleContent): Promise<void> {
  const writer = await BundleWriter.create(folder);
  const blobs = new Set<Hash>([ZERO_HASH]);
  const putBlob = async (id: Hash): Promise<void> => {
    if (blobs.has(id)) return;
    blobs.add(id);
    await writer.put(blobPath(id), await content.blob(id));
  };
  await writer.put('chain/spec.json', encodeChainSpec(content.genesisState));
  await writer.put('chain/blocks.bin', content.blocks);
  await writer.put('run/spec.json', utf8(content.spec));
  await putBlob(content.genesisModel);
  for await (const round of content.rounds) {
    for (const [file, bytes] of roundFiles(round)) {
      await writer.put(roundPath(round.round, file), bytes);
    }
    for (const id of blobsOf(round)) await putBlob(id);
  }
  for (const epoch of content.epochs) {
    for (const [file, bytes] of epochFiles(epoch)) {
      await writer.put(epochPath(epoch.record.value.epoch, file), bytes);
    }
    for (const id of scoreBlobs(epoch)) await putBlob(id);
  }
  if (content.validation !== undefined) await putBlob(content.validation);
  const { run, genesis, head } = content;
  await writer.finish({ run, genesis, head });
}

/** Ids of the blobs a round names; zeros stand for "no optimizer state". */
export function blobsOf({ leaves, header }: RoundEvidence): readonly Hash[] {
  const { modelAfter, stateAfter } = header.value;
  return [...leaves.map(({ update }) => update), modelAfter, stateAfter];
}
