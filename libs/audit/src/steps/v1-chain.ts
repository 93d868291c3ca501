import {
  type ChainFinding,
  type VerifiedChain as ExecutedChain,
  verifyBlocks,
} from '@tallystick/chain/embedded';
import { type Hash, isTallyError } from '@tallystick/kernel';
import type { Anchors } from '../anchors.js';
import type { BundleReader } from '../bundle/bundle-reader.js';
import { decodeChainSpec } from '../bundle/canonical-spec.js';
import { type Culprit, demand, demandEqual, Mismatch } from '../findings.js';
import type { VerifiedChain } from '../history.js';

const OPERATOR = 'chain operator';
const HOLDER = 'holder of the files';
const SPEC = 'chain/spec.json';
const BLOCKS = 'chain/blocks.bin';

/** What decides about blocks, besides the blocks. */
export interface ChainOptions {
  readonly knownRuntimes: ReadonlySet<Hash>;
  readonly signal?: AbortSignal;
}

/** Executes the blocks of a chain; throws Mismatch with the first one that does not follow. */
export type ExecuteChain = (
  specBytes: Uint8Array,
  blocks: Uint8Array,
  options: ChainOptions,
) => Promise<ExecutedChain>;

/**
 * V1: every block from genesis executed again under the `:code` of its parent state, which must be a released
 * runtime. Genesis and head must be the ones that the anchors name.
 */
export async function checkChain(
  bundle: BundleReader,
  anchors: Anchors,
  options: ChainOptions,
): Promise<VerifiedChain> {
  return checkChainBy(executeChain, bundle, { anchors, ...options });
}

/** V1 with another way to execute: tests that verify one chain many times remember it. */
export async function checkChainBy(
  execute: ExecuteChain,
  bundle: BundleReader,
  { anchors, ...options }: ChainOptions & { readonly anchors: Anchors },
): Promise<VerifiedChain> {
  const executed = await execute(await fileOf(bundle, SPEC), await fileOf(bundle, BLOCKS), options);
  const { genesis, head } = executed;
  const hashes = [genesis, ...executed.blocks.map(({ hash }) => hash)];
  checkAnchors(anchors, genesis, hashes);
  demandEqual(bundle.manifest.genesis, genesis, { record: 'genesis in manifest.json', by: HOLDER });
  demandEqual(bundle.manifest.head, head.hash, { record: 'head in manifest.json', by: HOLDER });
  return verifiedChain(executed, hashes);
}

function verifiedChain(executed: ExecutedChain, hashes: readonly Hash[]): VerifiedChain {
  return {
    genesis: executed.genesis,
    head: executed.head,
    runtimes: [...new Set(executed.blocks.map(({ codeHash }) => codeHash))],
    hashOf: (block) => hashes[block],
    stateAt: (block) => {
      const hash = hashes[block];
      const state = hash === undefined ? undefined : executed.stateAt(hash);
      return (key) => state?.get(key);
    },
  };
}

function checkAnchors(anchors: Anchors, genesis: Hash, hashes: readonly Hash[]): void {
  if (anchors.genesis !== undefined) {
    demandEqual(anchors.genesis, genesis, { record: 'genesis', by: OPERATOR });
  }
  for (const log of anchors.logs) {
    demandEqual(log.genesis, genesis, { record: `genesis in ${log.name}`, by: OPERATOR });
  }
  if (anchors.head === undefined) return;
  const place = { record: 'anchored block', by: OPERATOR } as const;
  demand(hashes.includes(anchors.head), place, anchors.head, 'no such block');
}

async function fileOf(bundle: BundleReader, path: string): Promise<Uint8Array> {
  const bytes = await bundle.read(path);
  demand(bytes !== undefined, { record: path, by: HOLDER }, 'the file', 'none');
  return bytes;
}

/** What V1 executes chains by. */
export async function executeChain(
  specBytes: Uint8Array,
  blocks: Uint8Array,
  options: ChainOptions,
): Promise<ExecutedChain> {
  const executed = await (async () => {
    try {
      return await verifyBlocks({ spec: decodeChainSpec(specBytes), blocks, ...options });
    } catch (error) {
      if (!isTallyError(error)) throw error;
      const place = { record: SPEC, by: HOLDER } as const;
      throw new Mismatch(place, { expected: 'a genesis', found: error.message });
    }
  })();
  if (executed.ok) return executed;
  throw mismatchOf(executed);
}

/** What a valid seal covers was said by the operator; the rest could be anybody's. */
const FAULTS: Readonly<
  Record<ChainFinding['what'], { readonly by: Culprit; readonly rule: string }>
> = {
  encoding: { by: HOLDER, rule: 'a block' },
  number: { by: HOLDER, rule: 'the number after its parent’s' },
  parent: { by: HOLDER, rule: 'the hash of the block before it' },
  seal: { by: HOLDER, rule: 'a seal of the authority whose slot it is' },
  extrinsicsRoot: { by: HOLDER, rule: 'the root of its extrinsics' },
  execution: { by: OPERATOR, rule: 'a block that the runtime accepts' },
  stateRoot: { by: OPERATOR, rule: 'the root of the state it leads to' },
  runtime: { by: OPERATOR, rule: 'a released runtime (RUNTIME_UNKNOWN)' },
};

function mismatchOf({ block, what, reason }: ChainFinding): Mismatch {
  const { by, rule } = FAULTS[what];
  const place = { record: `block ${block} ${what}`, by };
  return new Mismatch(place, { expected: rule, found: reason });
}
