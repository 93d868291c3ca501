import type { PublicKey } from '@tallystick/kernel';
import { ed25519 } from '@tallystick/kernel/crypto';
import { type RecordCodec, type Signed, verifyRecord } from '@tallystick/record';
import { type Place, Mismatch } from '../findings.js';
import type { History } from '../history.js';

/** Throws a Mismatch unless `key` is admissible and signed this record. */
export function demandSigned<T>(
  codec: RecordCodec<T>,
  { value, signature }: Signed<T>,
  key: PublicKey,
  place: Place,
): void {
  if (verifyRecord(ed25519, codec, value, key, signature)) return;
  throw new Mismatch(place, { expected: `signed by ${key}`, found: 'another signature' });
}

/** The coordinator key that signs `round`. */
export function coordinatorKey({ run }: History, round: number): PublicKey {
  const key = run.coordinatorKeys.findLast((entry) => entry.fromRound <= round)?.key;
  if (key !== undefined) return key;
  const place = { round, record: 'coordinator key', by: 'chain operator' } as const;
  throw new Mismatch(place, { expected: 'a key in force', found: 'none' });
}
