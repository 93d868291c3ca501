import { assertNever, concatBytes as all, fromHex } from '@tallystick/kernel';
import {
  CONTRIB,
  ENTITLE,
  EPOCH,
  HEADER,
  MEMBER,
  PROMISE,
  RECEIPT,
  type RecordCodec,
  type Signed,
  type SumNode,
  TASK,
} from '@tallystick/record';
import { vector } from '../../embedded/scale.js';
import type { Answer, Call, CallName, Claim, Fault, LeafProof, Standing } from './call.js';
import { bool, encodeRules, option, u128, u32, u64, u8 } from './encode-state.js';

/** Index of pallet-tally in the runtime. */
const TALLY = 0x20;

/** The pallet's calls in the order of their indices. */
export const CALL_NAMES: readonly CallName[] = [
  'register_organisation',
  'suspend_organisation',
  'register_node',
  'admit_node',
  'rotate_key',
  'revoke_node',
  'create_run',
  'accept_run',
  'commit_round',
  'close_run',
  'grant_consent',
  'revoke_consent',
  'demand',
  'answer',
  'dispute',
  'settle_epoch',
  'claim',
  'claim_many',
  'object',
  'resolve',
  'attest',
  'halt',
  'replace_coordinator',
  'replace_coordinator_key',
  'prune',
  'graduate',
  'set_registrar',
];

/** The call as an extrinsic carries it. */
export function encodeCall(call: Call): Uint8Array {
  return all(Uint8Array.of(TALLY, CALL_NAMES.indexOf(call.name)), encodeArguments(call));
}

function encodeArguments(call: Call): Uint8Array {
  switch (call.name) {
    case 'register_organisation':
      return fromHex(call.payout);
    case 'suspend_organisation':
      return u32(call.organisation);
    case 'register_node':
      return all(u32(call.organisation), fromHex(call.key), fromHex(call.proof));
    case 'admit_node':
      return all(u32(call.node), u64(call.cap));
    case 'rotate_key':
      return all(u32(call.node), fromHex(call.key), fromHex(call.proof));
    case 'revoke_node':
      return u32(call.node);
    case 'create_run': {
      const { coordinator, terms, pot } = call;
      const hashes = [coordinator, terms.spec, terms.model].map((hex) => fromHex(hex));
      return all(...hashes, encodeRules(terms), u128(pot));
    }
    case 'accept_run':
    case 'replace_coordinator_key':
      return all(u32(call.run), fromHex(call.key), fromHex(call.proof));
    case 'commit_round':
      return all(HEADER.encode(call.header), fromHex(call.signature));
    case 'close_run':
      return u32(call.run);
    case 'grant_consent': {
      const { fromRound, untilRound, untilMs, purposes, policy } = call.terms;
      const terms = [u32(fromRound), u32(untilRound), u64(untilMs), vector(purposes.map(u32))];
      return all(u32(call.run), u32(call.node), ...terms, fromHex(policy));
    }
    case 'revoke_consent':
      return all(u32(call.run), u32(call.node));
    case 'settle_epoch':
      return all(EPOCH.encode(call.record), fromHex(call.signature));
    case 'claim':
      return all(u32(call.run), u32(call.epoch), encodeClaim(call));
    case 'claim_many':
      return all(u32(call.run), u32(call.epoch), vector(call.claims.map(encodeClaim)));
    case 'object':
      return all(u32(call.run), u32(call.epoch), fromHex(call.reason));
    case 'resolve':
      return all(u32(call.run), u32(call.epoch), bool(call.upheld));
    case 'replace_coordinator':
      return all(u32(call.run), fromHex(call.coordinator));
    case 'prune':
      return all(u32(call.run), u32(call.rounds));
    case 'graduate':
      return new Uint8Array();
    case 'set_registrar':
      return fromHex(call.registrar);
    default:
      return encodeAccusation(call);
  }
}

type Accusation = Extract<
  Call,
  { readonly name: 'demand' | 'answer' | 'dispute' | 'attest' | 'halt' }
>;

function encodeAccusation(call: Accusation): Uint8Array {
  switch (call.name) {
    case 'demand': {
      const { run, round, subject } = call;
      const encoded =
        'leaf' in subject
          ? all(u8(0), u32(subject.leaf))
          : all(u8(1), signed(PROMISE, subject.promise));
      return all(u32(run), u32(round), encoded);
    }
    case 'answer':
      return all(u32(call.run), u32(call.round), u32(call.demand), encodeAnswer(call.answer));
    case 'dispute':
      return encodeFault(call.fault);
    case 'attest':
      return all(u32(call.run), u32(call.round), fromHex(call.verdict));
    case 'halt': {
      const { promise } = call;
      const ground = promise === undefined ? u8(0) : all(u8(1), signed(PROMISE, promise));
      return all(u32(call.run), ground);
    }
    default:
      return assertNever(call);
  }
}

function signed<T>(codec: RecordCodec<T>, { value, signature }: Signed<T>): Uint8Array {
  return all(codec.encode(value), fromHex(signature));
}

function sumProof(proof: readonly SumNode[]): Uint8Array {
  return vector(proof.map(({ hash, sum }) => all(fromHex(hash), u128(sum))));
}

function leafProof({ leaf, proof }: LeafProof): Uint8Array {
  return all(CONTRIB.encode(leaf), sumProof(proof));
}

function encodeClaim({ index, leaf, proof }: Claim): Uint8Array {
  return all(u32(index), ENTITLE.encode(leaf), sumProof(proof));
}

function encodeAnswer(answer: Answer): Uint8Array {
  switch (answer.kind) {
    case 'leaf': {
      const { task, receipt, member, memberIndex, memberProof } = answer.evidence;
      return all(
        u8(0),
        TASK.encode(task),
        leafProof(answer.evidence),
        signed(RECEIPT, receipt),
        MEMBER.encode(member),
        u32(memberIndex),
        vector(memberProof.map((hash) => fromHex(hash))),
      );
    }
    case 'counted':
      return all(u8(1), u32(answer.index), leafProof(answer));
    case 'quorum':
      return all(u8(2), u32(answer.index), vector(answer.proof.map((hash) => fromHex(hash))));
    default:
      return assertNever(answer);
  }
}

function encodeFault(fault: Fault): Uint8Array {
  switch (fault.kind) {
    case 'unanswered':
      return all(u8(0), u32(fault.run), u32(fault.round), u32(fault.demand));
    case 'order': {
      const { run, round, index, first, second } = fault;
      return all(u8(1), u32(run), u32(round), u32(index), leafProof(first), leafProof(second));
    }
    case 'headers':
      return all(u8(2), signed(HEADER, fault.first), signed(HEADER, fault.second));
    case 'header':
      return all(u8(3), signed(HEADER, fault.signed));
    case 'tasks':
      return all(u8(4), signed(TASK, fault.first), signed(TASK, fault.second));
    case 'task':
      return all(u8(5), signed(TASK, fault.signed));
    case 'entitlementOrder': {
      const claims = [fault.first, fault.second].map(encodeClaim);
      return all(u8(6), u32(fault.run), u32(fault.epoch), ...claims);
    }
    case 'share': {
      const { run, epoch, account, before, after, shown } = fault.fault;
      const leaves = shown.map((leaf) => all(u32(leaf.round), u32(leaf.index), leafProof(leaf)));
      const standings = [before, after].map(encodeStanding);
      return all(u8(7), u32(run), u32(epoch), fromHex(account), ...standings, vector(leaves));
    }
    default:
      return assertNever(fault);
  }
}

function encodeStanding(standing: Standing): Uint8Array {
  if (standing.kind === 'absent') {
    return all(u8(1), option(standing.left, encodeClaim), option(standing.right, encodeClaim));
  }
  const { index, cumulative, proof } = standing;
  return all(u8(0), u32(index), u128(cumulative), sumProof(proof));
}
