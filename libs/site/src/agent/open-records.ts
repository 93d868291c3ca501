import { type Ed25519, type Hash, type RunId, TallyError } from '@tallystick/kernel';
import { decodeSigned, type RecordCodec, type Signed, verifyRecord } from '@tallystick/record';
import { pinnedKey, type PinnedKeys } from './pinned-key.js';

/** What a site has pinned. */
export interface Pinned extends PinnedKeys {
  readonly chain: Hash;
}

/** What is of a round. */
interface OfRound {
  readonly chain: Hash;
  readonly run: RunId;
  readonly round: number;
}

/**
 * Reads a record that the coordinator signed. Throws PROTO_MALFORMED when it is none and AUTH_RECORD_SIGNATURE when
 * it is of another chain or another key: such a record proves nothing and is not kept.
 */
export function openSigned<T extends OfRound>(
  ed25519: Ed25519,
  pinned: Pinned,
  codec: RecordCodec<T>,
  wire: string,
): Signed<T> {
  const signed = decode(codec, wire);
  const refuse = (reason: string): TallyError =>
    new TallyError('AUTH_RECORD_SIGNATURE', { record: codec.name, reason });
  if (signed.value.chain !== pinned.chain) {
    throw refuse(`it speaks of chain ${signed.value.chain}, this site of ${pinned.chain}`);
  }
  const key = pinnedKey(pinned, signed.value.run, signed.value.round);
  if (key === undefined || !verifyRecord(ed25519, codec, signed.value, key, signed.signature)) {
    throw refuse(`the pinned key is ${key ?? 'none, so early in this run'}`);
  }
  return signed;
}

function decode<T>(codec: RecordCodec<T>, wire: string): Signed<T> {
  try {
    return decodeSigned(codec, wire);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TallyError('PROTO_MALFORMED', { reason }, cause);
  }
}
