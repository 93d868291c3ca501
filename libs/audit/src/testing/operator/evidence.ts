import { readFile } from 'node:fs/promises';
import { type Block, type RawSpec, ScaleReader } from '@tallystick/chain/embedded';
import { readSignedBlock } from '@tallystick/chain/testing';
import { asHash, type Hash } from '@tallystick/kernel';
import { parseCanonicalSpec } from '@tallystick/protocol';
import type { Anchors } from '../../anchors.js';
import { BundleReader } from '../../bundle/bundle-reader.js';
import { readScores } from '../../bundle/epoch-scores.js';
import { decodeChainSpec } from '../../bundle/canonical-spec.js';
import type { History } from '../../history.js';
import { readHistory } from '../../read-history.js';
import { checkChain } from '../../steps/v1-chain.js';

const MANIFEST = new URL('../../../../../chain/wasm/manifest.json', import.meta.url);
const NOBODY: Anchors = { nodeKeys: [], logs: [] };

/** An honest bundle as its operator knows it. */
export interface Evidence {
  readonly history: History;
  readonly spec: RawSpec;
  /** From block 1 on. */
  readonly blocks: readonly Block[];
}

/** Code hashes of the released runtimes. */
export async function releasedRuntimes(): Promise<ReadonlySet<Hash>> {
  const { codeHash } = JSON.parse(await readFile(MANIFEST, 'utf8')) as { codeHash: string }; // our own file
  return new Set([asHash(codeHash)]);
}

/** Reads a bundle that holds; `checkBlocks` may remember its chain. */
export async function openEvidence(
  folder: string,
  checkBlocks: typeof checkChain = checkChain,
): Promise<Evidence> {
  const bundle = await BundleReader.open(folder);
  const knownRuntimes = await releasedRuntimes();
  const chain = await checkBlocks(bundle, NOBODY, { knownRuntimes });
  const [spec, blocks] = await Promise.all([
    bundle.read('chain/spec.json'),
    bundle.read('chain/blocks.bin'),
  ]);
  return {
    history: await readHistory(bundle, chain, {
      anchors: NOBODY,
      parseSpec: parseCanonicalSpec,
      readScores,
    }),
    spec: decodeChainSpec(spec ?? new Uint8Array()),
    blocks: readBlocks(blocks ?? new Uint8Array()),
  };
}

function readBlocks(file: Uint8Array): Block[] {
  const input = new ScaleReader(file);
  const count = Number(input.u64());
  return Array.from({ length: count }, () => readSignedBlock(input));
}
