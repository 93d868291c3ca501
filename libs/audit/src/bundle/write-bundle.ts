import { type Hash, type RunId, utf8 } from '@tallystick/kernel';
import { BundleWriter } from './bundle-writer.js';
import { encodeChainSpec } from './canonical-spec.js';
import { blobPath, roundPath } from './layout.js';
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
  readonly rounds: AsyncIterable<RoundEvidence> | Iterable<RoundEvidence>;
  /** Models, states and updates; each is asked for once. */
  readonly blob: (id: Hash) => Promise<Uint8Array>;
  readonly genesisModel: Hash;
}

/** Writes an evidence bundle (protocol.md §9) into an empty or new folder. The manifest is written last. */
export async function writeBundle(folder: string, content: BundleContent): Promise<void> {
  const writer = await BundleWriter.create(folder);
  const blobs = new Set<Hash>();
  const putBlob = async (id: Hash): Promise<void> => {
    if (blobs.has(id) || /^0+$/.test(id)) return;
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
    for (const { update } of round.leaves) await putBlob(update);
    await putBlob(round.header.value.modelAfter);
    await putBlob(round.header.value.stateAfter);
  }
  const { run, genesis, head } = content;
  await writer.finish({ run, genesis, head });
}
