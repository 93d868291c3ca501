import type { PublicKey } from '@tallystick/kernel';
import type { RecordCodec, Signed } from '@tallystick/record';
import { type Place, Mismatch } from '../findings.js';
import type { History } from '../history.js';
import { isSigned } from './verify-ahead.js';

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

/** The coordinator key that signs `round`. */
export function coordinatorKey({ run }: History, round: number): PublicKey {
  const key = run.coordinatorKeys.findLast((entry) => entry.fromRound <= round)?.key;
  if (key !== undefined) return key;
  const place = { round, record: 'coordinator key', by: 'chain operator' } as const;
  throw new Mismatch(place, { expected: 'a key in force', found: 'none' });
}
