import { littleEndian, transfer } from '@tallystick/chain/testing';
import { ScaleReader } from '@tallystick/chain/embedded';
import { asAccountId, asNodeId, asRunId, type NodeId, utf8, ZERO_HASH } from '@tallystick/kernel';
import { type NodeSigner, sha256 } from '@tallystick/kernel/node';
import {
  type Member,
  POP,
  RECEIPT,
  type Receipt,
  receiptHash,
  recordHash,
  signRecord,
  TASK,
} from '@tallystick/record';
import { cohortRootOf, contribOf, unitFor, weightFor } from '@tallystick/rounds';
import { keyOf as storageKeyOf } from '../../state/read-state.js';
import {
  admitNode,
  registerNode,
  registerOrganisation,
  revokeNode,
} from '../fixture/tally-calls.js';
import type { TestChain } from '../fixture/test-chain.js';
import { keyOf } from '../fixture/test-keys.js';
import { type EditTools, rewriteHistory } from '../operator/rewrite-history.js';
import type { RoundDraft } from '../operator/round-draft.js';
import { flipped, type TamperedBundle } from '../operator/tampered-bundle.js';
import {
  type AnchorChoice,
  type Expectation,
  type Manipulation,
  repaired,
} from './manipulation.js';
import { lastRound, the } from './pick.js';

const CAP = 1_000n;
const OWNER_GRANT = 10 ** 12;

interface Invented {
  readonly node: NodeId;
  readonly signer: NodeSigner;
}

/** What the first invented node's receipt says; the rest is as honest as can be. */
type Lie = (receipt: Receipt, tools: EditTools) => Partial<Receipt> | Promise<Partial<Receipt>>;

const NO_LIE: Lie = () => ({});

function nextId(chain: TestChain, item: string): number {
  const bytes = chain.read(storageKeyOf('Tally', item)) ?? littleEndian(0, 4);
  return new ScaleReader(bytes).u32();
}

/** Registers and admits `count` nodes of a new organisation; revokes all others. */
async function inventNodes(
  bundle: TamperedBundle,
  chain: TestChain,
  count: number,
): Promise<Invented[]> {
  const { registrar, treasury } = bundle.keys;
  const owner = keyOf('inventor');
  const organisation = nextId(chain, 'NextOrganisation');
  const first = nextId(chain, 'NextNode');
  await chain.block(
    [registrar, registerOrganisation(owner.key)],
    [treasury, transfer(owner.key, OWNER_GRANT)],
  );
  const invented = Array.from({ length: count }, (_, i) => {
    return { node: asNodeId(first + i), signer: keyOf(`invented ${i}`) };
  });
  for (const { signer } of invented) {
    const pop = { chain: chain.genesis, owner: asAccountId(owner.key), key: signer.key };
    const { signature } = signRecord(POP, pop, signer);
    await chain.block([owner, registerNode(organisation, signer.key, signature)]);
  }
  const honest = Array.from({ length: first }, (_, node) => revokeNode(asNodeId(node)));
  const admitted = invented.map(({ node }) => admitNode(node, CAP));
  await chain.block(...[...honest, ...admitted].map((call) => [registrar, call] as const));
  return invented;
}

/** The last round by invented nodes, which copy updates of real ones. */
async function inventedRound(
  draft: RoundDraft,
  tools: EditTools & {
    readonly bundle: TamperedBundle;
    readonly nodes: readonly Invented[];
    readonly lie: Lie;
  },
): Promise<RoundDraft> {
  const { chain, bundle, nodes, lie } = tools;
  const { numeric } = bundle.honest.history.spec;
  const members = nodes.map(({ node }): Member => ({ node, keyEpoch: 0, cap: CAP }));
  const unit = unitFor(
    numeric,
    members.map(({ cap }) => cap),
  );
  const { number: atBlock, hash: atHash } = chain.head;
  const cohort = { cohortRoot: cohortRootOf(sha256, members), cohort: members.length };
  const task = { ...draft.task, ...cohort, unit, atBlock, atHash };
  const copied = the(draft.receipts[0]).value;
  const contributions = await Promise.all(
    nodes.map(async ({ node, signer }, i) => {
      const own = { node, keyEpoch: 0, prev: task.prev, task: recordHash(sha256, TASK, task) };
      const salt = sha256(utf8(`invented ${node}`)).slice(0, 32);
      const honest: Receipt = { ...copied, ...own, salt, policy: ZERO_HASH };
      const receipt = i === 0 ? { ...honest, ...(await lie(honest, tools)) } : honest;
      const { signature } = signRecord(RECEIPT, receipt, signer);
      const weight =
        receipt.numExamples === 0n
          ? 1n
          : weightFor(numeric, task, { receipt, member: the(members[i]) });
      return { receipt, signature, weight };
    }),
  );
  // a lie about an update may leave nothing to add up
  const kept = lie === NO_LIE ? {} : { model: task.model, state: task.state };
  return {
    ...draft,
    ...kept,
    task,
    members,
    leaves: contributions.map((contribution) => contribOf(sha256, contribution)),
    receipts: contributions.map(({ receipt: value, signature }) => ({ value, signature })),
    excluded: [],
    declines: [],
    promises: contributions.map(({ receipt, signature }) => ({
      ...the(draft.promises[0]),
      node: receipt.node,
      receipt: receiptHash(sha256, receipt, signature),
    })),
  };
}

/** Revokes everybody and lets invented nodes play the last round. */
export async function finishWithInventedNodes(
  bundle: TamperedBundle,
  lie: Lie = NO_LIE,
): Promise<readonly Invented[]> {
  const { window } = bundle.honest.history.spec;
  let nodes: readonly Invented[] = [];
  await rewriteHistory(bundle, {
    from: lastRound(bundle).round,
    prepare: async (chain) => {
      nodes = await inventNodes(bundle, chain, window.count.min);
    },
    edit: (draft, tools) => inventedRound(draft, { ...tools, bundle, nodes, lie }),
  });
  return nodes;
}

function invented(
  name: string,
  anchors: AnchorChoice,
  expected: (node: number) => Omit<Expectation, 'round'>,
  lie?: Lie,
): Manipulation {
  return repaired(name, anchors, async (bundle) => {
    const nodes = await finishWithInventedNodes(bundle, lie);
    return { round: lastRound(bundle).round, ...expected(the(nodes[0]).node) };
  });
}

/** One field of a receipt that its node signed, and that the coordinator counted all the same. */
function falseField(what: string, field: keyof Receipt, lie: Lie): Manipulation {
  const record = (node: number): string => `receipt of node ${node} ${field}`;
  const expected = (node: number): Omit<Expectation, 'round'> => {
    return { step: 'V4', record: record(node), by: 'coordinator' };
  };
  return invented(`a receipt ${what}`, 'none', expected, lie);
}

const lies: readonly Manipulation[] = [
  falseField('for another chain', 'chain', ({ chain }) => ({ chain: flipped(chain) })),
  falseField('for another run', 'run', ({ run }) => ({ run: asRunId(run + 1) })),
  falseField('for another round', 'round', ({ round }) => ({ round: round + 1 })),
  falseField('that follows another header', 'prev', ({ prev }) => ({ prev: flipped(prev) })),
  falseField('for another task', 'task', ({ task }) => ({ task: flipped(task) })),
  falseField('of a key epoch to come', 'keyEpoch', () => ({ keyEpoch: 1 })),
  falseField('under a policy nobody granted', 'policy', ({ task }) => ({ policy: task })),
  invented(
    'an update for a model of another shape',
    'none',
    (node) => ({ step: 'V6', record: `update of node ${node}`, by: 'coordinator' }),
    async ({ update }, { blobs }) => {
      const bytes = await blobs.get(update);
      return { update: await blobs.put(bytes.with(16, (bytes[16] ?? 0) ^ 1)) }; // manifest hash
    },
  ),
];

/** Nodes that exist only because the operator says so. */
export const INVENTED_NODES: readonly Manipulation[] = [
  invented('a last round by invented nodes', 'whole', () => ({ step: 'V2', record: 'header in ' })),
  invented(
    'a malformed update of an invented node',
    'none',
    (node) => ({ step: 'V6', record: `update of node ${node}`, by: 'coordinator' }),
    async ({ update }, { blobs }) => {
      const bytes = await blobs.get(update);
      return { update: await blobs.put(bytes.with(7, 1)) }; // a reserved byte
    },
  ),
  invented(
    'an update of another size than its receipt says',
    'none',
    (node) => ({ step: 'V6', record: `update of node ${node}`, by: 'coordinator' }),
    ({ updateBytes }) => ({ updateBytes: updateBytes + 1n }),
  ),
  invented(
    'a receipt without examples',
    'none',
    (node) => ({ step: 'V4', record: `receipt of node ${node} numExamples`, by: 'coordinator' }),
    () => ({ numExamples: 0n }),
  ),
  ...lies,
];
