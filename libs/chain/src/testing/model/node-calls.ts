import { type AccountId, ZERO_HASH as NO_POLICY } from '@tallystick/kernel';
import type { CallArguments } from './call.js';
import { ensure, ensurePossession, type Env, known, runOf } from './rules.js';
import type { Consent, Node, NodeKey, Organisation, State } from './state.js';

const MAX_PAST_CONSENTS = 15;

/** nodes.rs and consents.rs; each changes `state`, or throws Refused. */
export function suspendOrganisation(state: State, env: Env, organisation: number): void {
  const stored = activeOrganisation(state, organisation);
  state.organisations.set(organisation, { ...stored, active: false, since: env.block });
}

function activeOrganisation(state: State, id: number): Organisation {
  const stored = known(state.organisations.get(id), 'UnknownOrganisation');
  ensure(stored.active, 'OrganisationSuspended');
  return stored;
}

export function registerNode(
  state: State,
  env: Env,
  { who, organisation, ...key }: { readonly who: AccountId } & CallArguments['register_node'],
): void {
  activeOrganisation(state, organisation);
  ensurePossession(env, who, key);
  ensure(!state.keyOwner.has(key.key), 'KeyInUse');
  const id = state.nodes.size;
  const { block } = env;
  state.keyOwner.set(key.key, id);
  state.nodeKeys.set(`${id}/0`, { key: key.key, cap: 0n, fromBlock: block, untilBlock: block });
  const node = { organisation, owner: who, keyEpoch: 0, status: 'pending', since: block } as const;
  state.nodes.set(id, node);
}

function nodeAndKey(state: State, id: number): readonly [Node, NodeKey] {
  const node = known(state.nodes.get(id), 'UnknownNode');
  return [node, known(state.nodeKeys.get(`${id}/${node.keyEpoch}`), 'UnknownNode')];
}

export function admitNode(
  state: State,
  env: Env,
  { node: id, cap }: CallArguments['admit_node'],
): void {
  ensure(cap > 0n, 'ZeroCap');
  const [node, current] = nodeAndKey(state, id);
  ensure(node.status !== 'revoked', 'NodeRevoked');
  activeOrganisation(state, node.organisation);
  if (node.status === 'pending') {
    const { block } = env;
    state.nodeKeys.set(`${id}/${node.keyEpoch}`, { key: current.key, cap, fromBlock: block });
    state.nodes.set(id, { ...node, status: 'active', since: block });
    return;
  }
  ensure(cap !== current.cap, 'CapUnchanged');
  nextKeyEpoch(state, env, { id, node, current, next: { key: current.key, cap } });
}

interface KeyChange {
  readonly id: number;
  readonly node: Node;
  readonly current: NodeKey;
  readonly next: Pick<NodeKey, 'key' | 'cap'>;
}

function nextKeyEpoch(state: State, { block }: Env, { id, node, current, next }: KeyChange): void {
  state.nodeKeys.set(`${id}/${node.keyEpoch}`, { ...current, untilBlock: block });
  state.nodeKeys.set(`${id}/${node.keyEpoch + 1}`, { ...next, fromBlock: block });
  state.nodes.set(id, { ...node, keyEpoch: node.keyEpoch + 1 });
}

export function rotateKey(
  state: State,
  env: Env,
  { who, node: id, ...key }: { readonly who: AccountId } & CallArguments['rotate_key'],
): void {
  const [node, current] = nodeAndKey(state, id);
  ensure(node.owner === who, 'NotNodeOwner');
  ensure(node.status !== 'pending', 'NodePending');
  ensure(node.status !== 'revoked', 'NodeRevoked');
  ensurePossession(env, who, key);
  ensure(!state.keyOwner.has(key.key), 'KeyInUse');
  nextKeyEpoch(state, env, { id, node, current, next: { key: key.key, cap: current.cap } });
  state.keyOwner.set(key.key, id);
}

export function revokeNode(state: State, env: Env, who: AccountId, id: number): void {
  const [node, current] = nodeAndKey(state, id);
  ensure(node.owner === who || who === state.registrar, 'NotNodeOwner');
  ensure(node.status !== 'revoked', 'NodeRevoked');
  const untilBlock = current.untilBlock ?? env.block;
  state.nodeKeys.set(`${id}/${node.keyEpoch}`, { ...current, untilBlock });
  state.nodes.set(id, { ...node, status: 'revoked', since: env.block });
}

export function grantConsent(
  state: State,
  env: Env,
  { who, run, node, terms }: { readonly who: AccountId } & CallArguments['grant_consent'],
): void {
  ensureMayConsent(state, who, run, node);
  ensure(terms.fromRound <= terms.untilRound, 'NoRounds');
  ensure(terms.purposes.length > 0, 'NoPurpose');
  putConsent(state, `${run}/${node}`, { ...terms, fromBlock: env.block });
}

export function revokeConsent(
  state: State,
  env: Env,
  { who, run, node }: { readonly who: AccountId } & CallArguments['revoke_consent'],
): void {
  ensureMayConsent(state, who, run, node);
  const { block } = env;
  const key = `${run}/${node}`;
  const stored = state.consents.get(key);
  if (stored !== undefined) {
    ensure(stored.revokedAtBlock === undefined, 'ConsentRevoked');
    state.consents.set(key, { ...stored, revokedAtBlock: block });
    return;
  }
  const nothing = { fromRound: 0, untilRound: 0, untilMs: 0n, purposes: [], policy: NO_POLICY };
  putConsent(state, key, { ...nothing, fromBlock: block, revokedAtBlock: block });
}

function ensureMayConsent(state: State, who: AccountId, run: number, id: number): void {
  const node = known(state.nodes.get(id), 'UnknownNode');
  ensure(node.owner === who, 'NotNodeOwner');
  ensure(runOf(state, run).status !== 'closed', 'RunClosed');
}

function putConsent(state: State, key: string, consent: Consent): void {
  const before = state.consents.get(key);
  if (before !== undefined) {
    const past = state.pastConsents.get(key) ?? [];
    ensure(past.length < MAX_PAST_CONSENTS, 'TooManyConsents');
    state.pastConsents.set(key, [...past, before]);
  }
  state.consents.set(key, consent);
}
