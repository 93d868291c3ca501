import {
  type AccountId,
  type Ed25519,
  type Hash,
  type Signature,
  TallyError,
} from '@tallystick/kernel';
import { decodeSigned, isAdmissibleKey, POP, verifyRecord } from '@tallystick/record';
import type { PrepareJoinRequest } from '@tallystick/protocol';

/**
 * The signature by which a node key says whose it is. Throws AUTH_KEY_INADMISSIBLE or AUTH_PROOF_INVALID.
 * @param of the chain and the owner that the proof must name
 */
export function proofOfKey(
  { key, proof }: Pick<PrepareJoinRequest, 'key' | 'proof'>,
  of: { readonly chain: Hash; readonly owner: AccountId },
  ed25519: Ed25519,
): Signature {
  if (!isAdmissibleKey(key)) throw new TallyError('AUTH_KEY_INADMISSIBLE', { key });
  const { value: pop, signature } = decodeSigned(POP, proof);
  const isOurs = pop.chain === of.chain && pop.owner === of.owner && pop.key === key;
  if (!isOurs || !verifyRecord(ed25519, POP, pop, key, signature)) {
    throw new TallyError('AUTH_PROOF_INVALID', { key });
  }
  return signature;
}
