import { asNodeId, equalBytes, type NodeId, type RunId } from '@tallystick/kernel';
import type { RoundEvidence } from '../bundle/round-evidence.js';
import { decodeValue, keyOf, type ReadState } from '../state/read-state.js';
import { countingRounds, readRun, readVoids, runKey, voidsKey } from '../state/stored-run.js';
import type { ProvedChain, Wanted } from './proved-chain.js';

/** Nodes of one chain that a page looks through. */
const MAX_NODES = 65_536;

/** What the steps read of the run at the head. */
export async function proveHead(chain: ProvedChain, run: RunId): Promise<void> {
  const { number: block } = chain.head;
  const fixed = [
    runKey(run),
    keyOf('Timestamp', 'Now'),
    keyOf('Tally', 'NextNode'),
    voidsKey(run),
    keyOf('Tally', 'Embedded'),
  ];
  await chain.prove([{ block, keys: fixed }]);
  const stored = readRun(chain.stateAt(block), run);
  const voids = readVoids(chain.stateAt(block), run);
  const rounds = [...countingRounds(stored ?? { nextRound: 0 }, voids)].map((round) =>
    keyOf('Tally', 'Rounds', run, round),
  );
  const epochs = Array.from({ length: stored?.epoch ?? 0 }, (_, epoch) =>
    keyOf('Tally', 'Epochs', run, epoch),
  );
  await chain.prove([{ block, keys: [...rounds, ...epochs] }]);
  await proveNodes(chain, [block]);
}

/** What the steps read at the blocks at which the tasks of these rounds were judged. */
export async function proveRounds(
  chain: ProvedChain,
  run: RunId,
  rounds: readonly RoundEvidence[],
): Promise<void> {
  const judged = rounds.filter(({ task }) => chain.hashOf(task.value.atBlock) !== undefined);
  const blocks = [...new Set(judged.map(({ task }) => task.value.atBlock))];
  const first = [keyOf('Timestamp', 'Now'), keyOf('Tally', 'NextNode')];
  await chain.prove(blocks.map((block) => ({ block, keys: first })));
  await proveNodes(chain, blocks);
  await chain.prove(
    judged.flatMap((evidence): Wanted[] => {
      const block = evidence.task.value.atBlock;
      const nodes = nodesIn(chain.stateAt(block));
      const consents = [...new Set([...nodes, ...namedIn(evidence).map(({ node }) => node)])];
      return [
        {
          block,
          keys: [
            ...consents.map((node) => keyOf('Tally', 'Consents', run, node)),
            ...namedIn(evidence).map(({ node, epoch }) => keyOf('Tally', 'NodeKeys', node, epoch)),
          ],
        },
      ];
    }),
  );
}

/** Every (node, key epoch) that a round's records name. In asynchronous rounds a receipt may be judged at an older task. */
function namedIn({ cohort, leaves, receipts }: RoundEvidence): { node: NodeId; epoch: number }[] {
  return [
    ...cohort.map(({ node, keyEpoch: epoch }) => ({ node, epoch })),
    ...leaves.map(({ node, keyEpoch: epoch }) => ({ node, epoch })),
    ...receipts.map(({ value }) => ({ node: value.node, epoch: value.keyEpoch })),
    ...cohort.map(({ node }) => ({ node, epoch: 0 })),
  ];
}

/** The registry at these blocks: nodes, then the keys and organisations that they name. */
async function proveNodes(chain: ProvedChain, blocks: readonly number[]): Promise<void> {
  await chain.prove(
    blocks.map((block) => {
      const nodes = nodesIn(chain.stateAt(block));
      return { block, keys: nodes.map((node) => keyOf('Tally', 'Nodes', node)) };
    }),
  );
  await chain.prove(
    blocks.map((block) => {
      const read = chain.stateAt(block);
      return { block, keys: nodesIn(read).flatMap((node) => behindNode(read, node)) };
    }),
  );
}

function nodesIn(read: ReadState): readonly NodeId[] {
  const bytes = read(keyOf('Tally', 'NextNode'));
  const count = bytes && decodeValue('Tally.NextNode', bytes, (reader) => reader.u32());
  return Array.from({ length: Math.min(count ?? 0, MAX_NODES) }, (_, id) => asNodeId(id));
}

function behindNode(read: ReadState, node: NodeId): Uint8Array[] {
  const bytes = read(keyOf('Tally', 'Nodes', node));
  if (bytes === undefined) return [];
  return decodeValue(`Tally.Nodes ${node}`, bytes, (reader) => {
    const organisation = reader.u32();
    reader.take(32); // owner
    const epoch = reader.u32();
    reader.take(5); // active, since
    return [keyOf('Tally', 'Organisations', organisation), keyOf('Tally', 'NodeKeys', node, epoch)];
  });
}

/**
 * The run through all blocks, by halving: where it is the same at both ends of a span it is taken to have stood still in
 * between. So a run that was changed and changed back between two proofs is not seen here; executing the blocks shows it.
 */
export async function proveRunOverTime(chain: ProvedChain, run: RunId): Promise<void> {
  const key = runKey(run);
  const { number } = chain.head;
  const proved = new Set([0, number]);
  let spans: (readonly [number, number])[] = [[0, number]];
  await chain.prove([0, number].map((block) => ({ block, keys: [key] })));
  while (spans.length > 0) {
    const open = spans.filter(([from, to]) => to - from > 1 && !isSame(chain, key, from, to));
    const middles = open.map(([from, to]) => (from + to) >> 1);
    await chain.prove(middles.map((block) => ({ block, keys: [key] })));
    for (const block of middles) proved.add(block);
    spans = open.flatMap(([from, to], i) => {
      const middle = middles[i] ?? from;
      return [[from, middle] as const, [middle, to] as const];
    });
  }
  chain.span(key, [...proved]);
}

function isSame(chain: ProvedChain, key: Uint8Array, a: number, b: number): boolean {
  const [first, second] = [chain.stateAt(a)(key), chain.stateAt(b)(key)];
  if (first === undefined || second === undefined) return first === second;
  return equalBytes(first, second);
}
