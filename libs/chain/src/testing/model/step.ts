import { type AccountId, assertNever } from '@tallystick/kernel';
import type { Call } from './call.js';
import { answer, demand, dispute } from './dispute-calls.js';
import { claimMany, object, resolve, settleEpoch } from './epoch-rules.js';
import {
  admitNode,
  grantConsent,
  registerNode,
  revokeConsent,
  revokeNode,
  rotateKey,
  suspendOrganisation,
} from './node-calls.js';
import { ensure, type Env, Refused } from './rules.js';
import {
  acceptRun,
  attest,
  closeRun,
  commitRound,
  createRun,
  graduate,
  halt,
  prune,
  replaceCoordinator,
  replaceKey,
} from './run-calls.js';
import { copyState, type State } from './state.js';

/** What a call led to: a state, or the name of the pallet's error and the state as it was. */
export interface Outcome {
  readonly state: State;
  readonly error?: string;
}

/** The state after `who` made `call`; `state` itself stays. Money is not modelled: nobody here runs out of it. */
export function step(state: State, env: Env, who: AccountId, call: Call): Outcome {
  const draft = copyState(state);
  try {
    return { state: apply(draft, env, who, call) };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { state, error: error.message };
  }
}

const REGISTRARS = new Set<Call['name']>([
  'register_organisation',
  'suspend_organisation',
  'admit_node',
  'resolve',
  'graduate',
]);

function apply(state: State, env: Env, who: AccountId, call: Call): State {
  if (REGISTRARS.has(call.name)) ensure(who === state.registrar, 'NotRegistrar');
  switch (call.name) {
    case 'graduate':
      return graduate(state, env);
    case 'set_registrar':
      throw new Refused('BadOrigin'); // the council's alone, which signs nothing here
    default:
      change(state, env, who, call);
      return state;
  }
}

type Changing = Exclude<Call, { readonly name: 'graduate' | 'set_registrar' }>;

function change(state: State, env: Env, who: AccountId, call: Changing): void {
  switch (call.name) {
    case 'register_organisation': {
      const organisation = { payout: call.payout, active: true, since: env.block };
      state.organisations.set(state.organisations.size, organisation);
      return;
    }
    case 'suspend_organisation':
      return suspendOrganisation(state, env, call.organisation);
    case 'register_node':
      return registerNode(state, env, { who, ...call });
    case 'admit_node':
      return admitNode(state, env, call);
    case 'rotate_key':
      return rotateKey(state, env, { who, ...call });
    case 'revoke_node':
      return revokeNode(state, env, who, call.node);
    case 'create_run':
      return createRun(state, who, call);
    case 'accept_run':
      return acceptRun(state, env, who, call);
    case 'commit_round':
      return commitRound(state, env, { who, ...call });
    case 'close_run':
      return closeRun(state, env, who, call.run);
    case 'grant_consent':
      return grantConsent(state, env, { who, ...call });
    case 'revoke_consent':
      return revokeConsent(state, env, { who, ...call });
    case 'demand':
      return demand(state, env, { who, ...call });
    case 'answer':
      return answer(state, env, call);
    case 'dispute':
      return dispute(state, env, call);
    case 'settle_epoch':
      return settleEpoch(state, env, { who, ...call });
    case 'claim':
      return claimMany(state, env, { run: call.run, epoch: call.epoch, claims: [call] });
    case 'claim_many':
      return claimMany(state, env, call);
    case 'object':
      return object(state, env, { who, ...call });
    case 'resolve':
      return resolve(state, call);
    case 'attest':
      return attest(state, who, call);
    case 'halt':
      return halt(state, env, call);
    case 'replace_coordinator':
      return replaceCoordinator(state, env, { who, ...call });
    case 'replace_coordinator_key':
      return replaceKey(state, env, who, call);
    case 'prune':
      return prune(state, env, { who, ...call });
    default:
      return assertNever(call);
  }
}
