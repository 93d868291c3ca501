import type { CallName } from './call.js';
import * as basics from './propose-basics.js';
import * as disputes from './propose-disputes.js';
import type { World } from './world.js';

interface Chance {
  readonly weight: number;
  readonly propose: (world: World) => basics.Proposal | undefined;
}

/** How often each call is made, and how. */
const CHANCES: { readonly [N in CallName]: Chance } = {
  register_organisation: { weight: 2, propose: basics.registerOrganisation },
  suspend_organisation: { weight: 0.5, propose: basics.suspendOrganisation },
  register_node: { weight: 4, propose: basics.registerNode },
  admit_node: { weight: 6, propose: basics.admitNode },
  rotate_key: { weight: 2, propose: basics.rotateKey },
  revoke_node: { weight: 1, propose: basics.revokeNode },
  create_run: { weight: 3, propose: basics.createRun },
  accept_run: { weight: 7, propose: basics.acceptRun },
  commit_round: { weight: 45, propose: basics.commitRound },
  close_run: { weight: 1.5, propose: basics.closeRun },
  grant_consent: { weight: 6, propose: basics.grantConsent },
  revoke_consent: { weight: 1.5, propose: basics.revokeConsent },
  demand: { weight: 14, propose: disputes.demand },
  answer: { weight: 22, propose: disputes.answer },
  dispute: { weight: 10, propose: disputes.dispute },
  settle_epoch: { weight: 16, propose: basics.settleEpoch },
  claim: { weight: 7, propose: disputes.claim },
  claim_many: { weight: 4, propose: disputes.claimMany },
  object: { weight: 2, propose: disputes.object },
  resolve: { weight: 2.5, propose: disputes.resolve },
  attest: { weight: 5, propose: disputes.attest },
  halt: { weight: 1.5, propose: disputes.halt },
  replace_coordinator: { weight: 4, propose: basics.replaceCoordinator },
  replace_coordinator_key: { weight: 4, propose: basics.replaceKey },
  prune: { weight: 2.5, propose: basics.prune },
  graduate: { weight: 0.3, propose: basics.graduate },
  set_registrar: { weight: 0.3, propose: basics.setRegistrar },
};
const TOTAL = Object.values(CHANCES).reduce((sum, { weight }) => sum + weight, 0);
const WRONG_SIGNER = 0.04;

/** How a walk begins, one call a block, so that there is something to walk on. */
const OPENING: readonly CallName[] = [
  ...(['register_organisation', 'register_organisation'] as const),
  ...(['register_node', 'register_node', 'register_node', 'register_node'] as const),
  ...(['admit_node', 'admit_node', 'admit_node', 'admit_node', 'admit_node'] as const),
  ...([
    'create_run',
    'create_run',
    'create_run',
    'accept_run',
    'accept_run',
    'accept_run',
  ] as const),
];

/** True while the walk is at its opening. */
export function isOpening({ drawn }: World): boolean {
  return drawn < OPENING.length;
}

/** The next call of the walk; undefined when what was drawn cannot be made yet. */
export function propose(world: World): basics.Proposal | undefined {
  const opening = OPENING[world.drawn++];
  if (opening !== undefined) return CHANCES[opening].propose(world);
  let at = world.random.unit() * TOTAL;
  const chosen = Object.values(CHANCES).find(({ weight }) => (at -= weight) < 0);
  const proposal = chosen?.propose(world);
  if (proposal === undefined || !world.random.chance(WRONG_SIGNER)) return proposal;
  return { ...proposal, who: world.random.between(0, world.accounts.length - 1) };
}

/** How far the clock moves before the next block, in milliseconds: often to the edge of a window. */
export function nextDelay(world: World): bigint {
  const { env, random, state } = world;
  if (random.chance(0.75)) return BigInt(random.pick([0, 1, 300, 800]));
  const edges = [
    ...[...state.rounds].slice(-4).map(([key, { committedAtMs }]) => {
      return committedAtMs + (state.runs.get(Number(key.split('/')[0]))?.windows.challengeMs ?? 0n);
    }),
    ...[...state.epochs].slice(-3).map(([key, { settledAtMs }]) => {
      return settledAtMs + (state.runs.get(Number(key.split('/')[0]))?.windows.challengeMs ?? 0n);
    }),
    ...[...state.demands.values()].map(({ deadlineMs }) => deadlineMs),
    ...[...state.runs.values()].map(({ lastActiveMs, windows }) => lastActiveMs + windows.haltMs),
  ];
  const ahead = edges.filter((edge) => edge >= env.nowMs);
  const edge = ahead[random.between(0, Math.max(0, ahead.length - 1))];
  if (edge === undefined) return 5_000n;
  const delay = edge - env.nowMs + BigInt(random.pick([-1, 0, 0, 1]));
  return delay < 0n ? 0n : delay;
}
