import { asPublicKey, asSignature, ZERO_HASH } from '@tallystick/kernel';
import { EPOCH, HEADER, signRecord } from '@tallystick/record';
import type { Call } from './call.js';
import type { Run, Terms } from './state.js';
import { LIES, type World } from './world.js';

/** A call and the number of the account that signs it. */
export interface Proposal {
  readonly who: number;
  readonly call: Call;
}

const REGISTRAR = 0;
const UNKNOWN = 999;
const ZERO_KEY = asPublicKey(ZERO_HASH);

/** The number of an account. */
export function accountNumber(world: World, account: string | undefined): number {
  return Math.max(
    0,
    world.accounts.findIndex(({ key }) => key === account),
  );
}

/** One of the numbers below `count`, or now and then one that nobody has. */
export function someId(world: World, count: number): number {
  return count === 0 || world.random.chance(0.04) ? UNKNOWN : world.random.between(0, count - 1);
}

/** A run, of this status if there is one. */
export function someRun(
  world: World,
  status?: Run['status'],
): readonly [id: number, run: Run | undefined] {
  const wanted = [...world.state.runs].filter(([, run]) => run.status === status);
  const found = wanted[world.random.between(0, Math.max(0, wanted.length - 1))];
  if (found !== undefined && world.random.chance(0.85)) return found;
  const id = someId(world, world.state.runs.size);
  return [id, world.state.runs.get(id)];
}

/** A key with its proof, for `who`; now and then one that is not admissible, taken, or not vouched for. */
export function someKey(
  world: World,
  who: number,
): Pick<Extract<Call, { name: 'rotate_key' }>, 'key' | 'proof'> {
  const { random } = world;
  const owner = world.account(who);
  if (random.chance(0.05)) return { key: ZERO_KEY, proof: asSignature('00'.repeat(64)) };
  const taken = [...world.state.keyOwner.keys()];
  const [first] = taken;
  if (first !== undefined && random.chance(0.08)) {
    const key = taken[random.between(0, taken.length - 1)] ?? first;
    return { key, proof: world.pop(owner, world.holder(key)).signature };
  }
  const signer = world.newKey();
  const vouched = random.chance(0.06) ? world.account(9) : owner;
  return { key: signer.key, proof: world.pop(vouched, signer).signature };
}

export function registerOrganisation(world: World): Proposal {
  const payout = world.account(world.random.between(6, 8));
  return { who: REGISTRAR, call: { name: 'register_organisation', payout } };
}

export function suspendOrganisation(world: World): Proposal {
  const organisation = someId(world, world.state.organisations.size);
  return { who: REGISTRAR, call: { name: 'suspend_organisation', organisation } };
}

export function registerNode(world: World): Proposal {
  const who = world.random.between(5, 6);
  const organisation = someId(world, world.state.organisations.size);
  return { who, call: { name: 'register_node', organisation, ...someKey(world, who) } };
}

export function admitNode(world: World): Proposal {
  const cap = BigInt(world.random.pick([0, 20, 20, 20, 40, 40, 60]));
  const pending = [...world.state.nodes].find(([, { status }]) => status === 'pending');
  const isPending = pending !== undefined && world.random.chance(0.7);
  const node = isPending ? pending[0] : someId(world, world.state.nodes.size);
  return { who: REGISTRAR, call: { name: 'admit_node', node, cap } };
}

export function rotateKey(world: World): Proposal {
  const node = someId(world, world.state.nodes.size);
  const who = accountNumber(world, world.state.nodes.get(node)?.owner);
  return { who, call: { name: 'rotate_key', node, ...someKey(world, who) } };
}

export function revokeNode(world: World): Proposal {
  const node = someId(world, world.state.nodes.size);
  const owner = accountNumber(world, world.state.nodes.get(node)?.owner);
  const who = world.random.chance(0.3) ? REGISTRAR : owner;
  return { who, call: { name: 'revoke_node', node } };
}

export function createRun(world: World): Proposal {
  const { random } = world;
  const whole = 1_000_000_000_000n;
  const epochBudget = random.chance(0.75) ? 10n * whole + BigInt(random.between(0, 9)) : 0n;
  const terms: Terms = {
    spec: world.hash(),
    model: world.hash(),
    minNodes: random.pick([1, 1, 1, 2, 4, 0]),
    windows: {
      challengeMs: BigInt(random.pick([0, 4_000, 4_000, 8_000])),
      settleMs: BigInt(random.pick([0, 3_000])),
      haltMs: BigInt(random.pick([20_000, 60_000])),
      maxTaskAgeBlocks: random.pick([2, 8, 1_024]),
    },
    weighting: { kind: random.pick(['examples', 'equal']), cap: BigInt(random.pick([30, 100])) },
    purpose: 7,
    consentRequired: random.chance(0.15),
    payout: {
      policy: random.pick(['weight', 'weight', 'equal', 'contribution']),
      epochRounds: random.pick([1, 2]),
      epochBudget,
      capPpm: random.pick([1_000_000, 1_000_000, 400_000]),
    },
  };
  const { windows, payout } = terms;
  const spoiled = random.pick<Terms>([
    terms,
    terms,
    terms,
    terms,
    terms,
    random.pick<Terms>([
      { ...terms, windows: { ...windows, maxTaskAgeBlocks: random.pick([0, 1_025]) } },
      { ...terms, windows: { ...windows, haltMs: 366n * 86_400_000n + 1n } },
      { ...terms, weighting: { ...terms.weighting, cap: 0n } },
      { ...terms, payout: { ...payout, epochRounds: random.pick([0, 1_025]) } },
      { ...terms, payout: { ...payout, capPpm: random.pick([0, 1_000_001]) } },
      { ...terms, payout: { ...payout, epochBudget: 1n << 127n } },
    ]),
  ]);
  const coordinator = world.account(random.between(3, 4));
  const pot = 35n * whole;
  return {
    who: random.between(1, 2),
    call: { name: 'create_run', coordinator, terms: spoiled, pot },
  };
}

export function acceptRun(world: World): Proposal {
  const [run, stored] = someRun(world, 'proposed');
  const who = accountNumber(world, stored?.coordinator);
  return { who, call: { name: 'accept_run', run, ...someKey(world, who) } };
}

export function replaceKey(world: World): Proposal {
  const [run, stored] = someRun(world, 'open');
  const who = accountNumber(world, stored?.coordinator);
  return { who, call: { name: 'replace_coordinator_key', run, ...someKey(world, who) } };
}

export function commitRound(world: World): Proposal | undefined {
  const { random } = world;
  const [id, run] = someRun(world, 'open');
  if (run === undefined) return undefined;
  const lie = random.chance(0.3) ? random.pick(LIES) : undefined;
  const { header: right, played } = world.round(id, run, lie);
  const header = random.chance(0.3) ? spoilHeader(world, right) : right;
  const signer = random.chance(0.03)
    ? world.holder(undefined)
    : world.coordinator(run, header.round);
  const { signature } = signRecord(HEADER, header, signer);
  world.note(header, played);
  const who = accountNumber(world, run.coordinator);
  return { who, call: { name: 'commit_round', header, signature } };
}

type Header = Extract<Call, { name: 'commit_round' }>['header'];

function spoilHeader(world: World, header: Header): Header {
  const { random } = world;
  const hash = world.hash();
  const { nowMs, block } = world.env;
  return random.pick<Header>([
    { ...header, chain: hash },
    { ...header, mode: 1 },
    { ...header, round: header.round + 1 },
    { ...header, prev: hash },
    { ...header, modelBefore: hash },
    { ...header, cohort: header.cohort + 1 },
    { ...header, sumWeight: header.sumWeight + (1n << 22n) },
    { ...header, sumWeight: header.included === 0 ? 1n : BigInt(header.included) - 1n },
    { ...header, modelAfter: hash },
    { ...header, stateAfter: hash },
    { ...header, contribRoot: header.included === 0 ? hash : ZERO_HASH },
    { ...header, excludedRoot: header.excluded === 0 ? hash : ZERO_HASH },
    { ...header, atBlock: Math.max(0, header.atBlock - random.between(1, 12)) },
    { ...header, atBlock: block + random.between(0, 1) },
    { ...header, closedAtMs: nowMs - BigInt(random.between(1, 20_000)) },
    { ...header, closedAtMs: nowMs + 60_000n + BigInt(random.between(0, 1)) },
  ]);
}

export function closeRun(world: World): Proposal {
  const [run, stored] = someRun(world, world.random.pick(['open', 'halted', 'halted', 'proposed']));
  return { who: accountNumber(world, stored?.owner), call: { name: 'close_run', run } };
}

export function grantConsent(world: World): Proposal {
  const { random } = world;
  const [run] = random.chance(0.5) ? [0] : someRun(world, 'open');
  const node = random.chance(0.5) ? 0 : someId(world, world.state.nodes.size);
  const terms = {
    fromRound: random.pick([0, 0, 0, 3]),
    untilRound: random.pick([1 << 30, 1 << 30, 1 << 30, 2]),
    untilMs: random.chance(0.8) ? 1n << 60n : world.env.nowMs,
    purposes: random.pick([[7], [7], [3, 7], [4], []]),
    policy: world.hash(),
  };
  const who = accountNumber(world, world.state.nodes.get(node)?.owner);
  return { who, call: { name: 'grant_consent', run, node, terms } };
}

export function revokeConsent(world: World): Proposal {
  const [run] = someRun(world, 'open');
  const node = someId(world, world.state.nodes.size);
  const who = accountNumber(world, world.state.nodes.get(node)?.owner);
  return { who, call: { name: 'revoke_consent', run, node } };
}

export function replaceCoordinator(world: World): Proposal {
  const [run, stored] = someRun(world, world.random.pick(['halted', 'halted', 'proposed', 'open']));
  const coordinator = world.account(world.random.between(3, 4));
  const who = accountNumber(world, stored?.owner);
  return { who, call: { name: 'replace_coordinator', run, coordinator } };
}

export function prune(world: World): Proposal {
  const [run, stored] = someRun(world, 'closed');
  const who = world.random.chance(0.3) ? REGISTRAR : accountNumber(world, stored?.owner);
  return { who, call: { name: 'prune', run, rounds: world.random.pick([0, 1, 3, 300]) } };
}

export function graduate(): Proposal {
  return { who: REGISTRAR, call: { name: 'graduate' } };
}

export function setRegistrar(world: World): Proposal {
  return { who: REGISTRAR, call: { name: 'set_registrar', registrar: world.account(9) } };
}

export function settleEpoch(world: World): Proposal | undefined {
  const { random, state } = world;
  const paying = [...state.runs].filter(([, run]) => run.settledRounds < run.nextRound);
  const [id, run] = paying[random.between(0, Math.max(0, paying.length - 1))] ?? [];
  if (id === undefined || run === undefined) return undefined;
  const record = world.epoch(id, run);
  const signer = random.chance(0.05) ? world.holder(undefined) : world.holder(run.keys.at(-1)?.key);
  const { signature } = signRecord(EPOCH, record, signer);
  const who = random.chance(0.75) ? accountNumber(world, run.coordinator) : random.between(7, 10);
  return { who, call: { name: 'settle_epoch', record, signature } };
}
