import type { PublicKey } from '@tallystick/kernel';
import { ed25519 } from '@tallystick/kernel/crypto';
import { type RecordCodec, type Signed, verifyRecord } from '@tallystick/record';
import { type Place, Mismatch } from '../findings.js';
import type { History } from '../history.js';

/** Verdicts found ahead; a record that changed is another object. */
const verdicts = new WeakMap<object, { readonly key: PublicKey; readonly isSigned: boolean }>();

/** Notes what was found out about `signed` before a step asks. */
export function rememberSigned(signed: object, key: PublicKey, isSigned: boolean): void {
  verdicts.set(signed, { key, isSigned });
}

/** Throws a Mismatch unless `key` is admissible and signed this record. */
export function demandSigned<T>(
  codec: RecordCodec<T>,
  signed: Signed<T>,
  key: PublicKey,
  place: Place,
): void {
  if (isSigned(codec, signed, key)) return;
  throw new Mismatch(place, { expected: `signed by ${key}`, found: 'another signature' });
}

/** True iff `key` is admissible and signed this record: what was found ahead, else found now. */
export function isSigned<T>(codec: RecordCodec<T>, signed: Signed<T>, key: PublicKey): boolean {
  const known = verdicts.get(signed);
  if (known?.key === key) return known.isSigned;
  return verifyRecord(ed25519, codec, signed.value, key, signed.signature);
}

/** The coordinator key that signs `round`. */
export function coordinatorKey({ run }: History, round: number): PublicKey {
  const key = run.coordinatorKeys.findLast((entry) => entry.fromRound <= round)?.key;
  if (key !== undefined) return key;
  const place = { round, record: 'coordinator key', by: 'chain operator' } as const;
  throw new Mismatch(place, { expected: 'a key in force', found: 'none' });
}
