import { POP } from '@tallystick/record';
import { z } from 'zod';
import { accountId, hexBytes, publicKey, signature, signed } from '../wire-types.js';

/** What the owner of a node has the chain do with it; only the owner's signature makes it valid. */
const OwnerCall = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('rotateKey'),
      /** The new node key. */
      key: publicKey,
      /** Pop, signed by the new key. */
      proof: signed(POP),
    }),
    z.strictObject({ kind: z.literal('revoke') }),
  ])
  .meta({ id: 'OwnerCall' });
export type OwnerCall = z.infer<typeof OwnerCall>;

const asked = {
  /** Account of the owner key. */
  owner: accountId,
  call: OwnerCall,
};

/** `POST /nodes/{node}/calls/prepare`: asks for the bytes that the owner key has to sign. */
export const PrepareOwnerCallRequest = z
  .strictObject(asked)
  .meta({ id: 'PrepareOwnerCallRequest' });
export type PrepareOwnerCallRequest = z.infer<typeof PrepareOwnerCallRequest>;

/** The owner checks that `payload` begins with its own call, signs exactly these bytes, and sends `context` back. */
export const PreparedOwnerCall = z
  .strictObject({ payload: hexBytes.max(4096), context: z.string().max(16_384) })
  .meta({ id: 'PreparedOwnerCall' });
export type PreparedOwnerCall = z.infer<typeof PreparedOwnerCall>;

/** `POST /nodes/{node}/calls`: has the call done; the answer comes when it is final. */
export const OwnerCallRequest = z
  .strictObject({
    ...asked,
    context: z.string().max(16_384),
    /** Of the owner key over `payload`. */
    signature,
  })
  .meta({ id: 'OwnerCallRequest' });
export type OwnerCallRequest = z.infer<typeof OwnerCallRequest>;
