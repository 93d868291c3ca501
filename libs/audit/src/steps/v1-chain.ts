import { verifyBlocks } from '@tallystick/chain/embedded';
import { type Hash, isTallyError } from '@tallystick/kernel';
import type { Anchors } from '../anchors.js';
import type { BundleReader } from '../bundle/bundle-reader.js';
import { decodeChainSpec } from '../bundle/canonical-spec.js';
import { demandEqual, Mismatch } from '../findings.js';
import type { VerifiedChain } from '../history.js';

const OPERATOR = 'chain operator';

async function fileOf(bundle: BundleReader, path: string): Promise<Uint8Array> {
  const bytes = await bundle.read(path);
  if (bytes !== undefined) return bytes;
  throw new Mismatch({
    record: path,
    expected: 'the file',
    found: 'none',
    by: 'holder of the files',
  });
}

function mismatchOf(error: unknown): unknown {
  if (!isTallyError(error)) return error;
  const by = 'holder of the files';
  return new Mismatch({
    record: 'chain/spec.json',
    expected: 'a genesis',
    found: error.message,
    by,
  });
}

/**
 * V1: every block from genesis executed again under the `:code` of its parent state, which must be a released
 * runtime. Genesis and head must be the ones the anchors name.
 */
export async function checkChain(
  bundle: BundleReader,
  anchors: Anchors,
  options: { readonly knownRuntimes: ReadonlySet<Hash>; readonly signal?: AbortSignal },
): Promise<VerifiedChain> {
  const specBytes = await fileOf(bundle, 'chain/spec.json');
  const blocks = await fileOf(bundle, 'chain/blocks.bin');
  const chain = await verify(specBytes, blocks, options);
  const file = { record: 'chain/spec.json', by: 'holder of the files' } as const;
  demandEqual(bundle.manifest.genesis, chain.genesis, { ...file, record: 'genesis' });
  const foreign = { record: 'genesis', by: OPERATOR } as const;
  if (anchors.genesis !== undefined) demandEqual(anchors.genesis, chain.genesis, foreign);
  for (const log of anchors.logs) {
    demandEqual(log.genesis, chain.genesis, { ...foreign, record: `genesis of ${log.name}` });
  }
  const hashes = [chain.genesis, ...chain.blocks.map(({ hash }) => hash)];
  demandEqual(bundle.manifest.head, chain.head.hash, { record: 'head of the chain', by: file.by });
  if (anchors.head !== undefined && !hashes.includes(anchors.head)) {
    demandEqual(anchors.head, 'no such block', { record: 'anchored block', by: OPERATOR });
  }
  return {
    genesis: chain.genesis,
    head: chain.head,
    blocks: chain.blocks.length,
    hashOf: (block) => hashes[block],
    stateAt: (block) => {
      const hash = hashes[block];
      const state = hash === undefined ? undefined : chain.stateAt(hash);
      return state === undefined ? undefined : (key) => state.get(key);
    },
  };
}

async function verify(
  specBytes: Uint8Array,
  blocks: Uint8Array,
  options: { readonly knownRuntimes: ReadonlySet<Hash>; readonly signal?: AbortSignal },
): Promise<Extract<Awaited<ReturnType<typeof verifyBlocks>>, { ok: true }>> {
  const verified = await (async () => {
    try {
      return await verifyBlocks({ spec: decodeChainSpec(specBytes), blocks, ...options });
    } catch (error) {
      throw mismatchOf(error);
    }
  })();
  if (verified.ok) return verified;
  const record = `block ${verified.block} (${verified.what})`;
  const expected = 'a block that executes to its own header';
  throw new Mismatch({ record, expected, found: verified.reason, by: OPERATOR });
}
