import {
  type AccountId,
  asRunId,
  type Hash,
  type PublicKey,
  type Signature,
} from '@tallystick/kernel';
import { ed25519, sha256 } from '@tallystick/kernel/node';
import {
  GENESIS,
  isAdmissibleKey,
  POP,
  type RecordCodec,
  recordHash,
  verifyRecord,
} from '@tallystick/record';
import type { Run, State } from './state.js';

/** What a call is judged in. */
export interface Env {
  /** Genesis hash. */
  readonly chain: Hash;
  /** The block that is being built. */
  readonly block: number;
  /** Its timestamp. */
  readonly nowMs: bigint;
  /** How many authorities seal blocks. */
  readonly authorities: number;
  /** A key that everybody knows is in use. */
  readonly hasDevelopmentKey: boolean;
  /** True while a window of `lengthMs` that began at `sinceMs` is open. */
  readonly isOpen: (nowMs: bigint, sinceMs: bigint, lengthMs: bigint) => boolean;
}

/** The pallet's window: its last moment is outside. */
export const isOpen: Env['isOpen'] = (nowMs, sinceMs, lengthMs) => nowMs < sinceMs + lengthMs;

/** A refusal with the name of the pallet's error; never leaves `step`. */
export class Refused extends Error {}

/** Refuses unless the condition holds. */
export function ensure(condition: boolean, error: string): asserts condition {
  if (!condition) throw new Refused(error);
}

/** The value, if there is one. */
export function known<T>(value: T | undefined, error: string): T {
  ensure(value !== undefined, error);
  return value;
}

/** The run with this number. */
export function runOf(state: State, id: number): Run {
  return known(state.runs.get(id), 'UnknownRun');
}

/** `key` is admissible and vouches for `owner`. */
export function ensurePossession(
  env: Env,
  owner: AccountId,
  { key, proof }: { readonly key: PublicKey; readonly proof: Signature },
): void {
  ensure(isAdmissibleKey(key), 'KeyNotAdmissible');
  const pop = { chain: env.chain, owner, key };
  ensure(verifyRecord(ed25519, POP, pop, key, proof), 'BadProof');
}

/** The coordinator key that signs `round`. */
export function keyInForce(run: Run, round: number): PublicKey | undefined {
  return run.keys.findLast(({ fromRound }) => fromRound <= round)?.key;
}

/** A record that the coordinator key in force for `round` signed. */
export function ensureSigned<T>(
  run: Run,
  round: number,
  [codec, value, signature]: readonly [RecordCodec<T>, T, Signature],
): void {
  const key = known(keyInForce(run, round), 'NoCoordinatorKey');
  ensure(verifyRecord(ed25519, codec, value, key, signature), 'BadSignature');
}

/** Hash of the genesis record. */
export function firstHead(env: Env, id: number, { spec, model }: Run): Hash {
  return recordHash(sha256, GENESIS, { chain: env.chain, run: asRunId(id), spec, model });
}
