import type { ApiPromise } from '@polkadot/api';
import type { SubmittableExtrinsic } from '@polkadot/api/types';
import type { SignerPayloadJSON } from '@polkadot/types/types';
import {
  type AccountId,
  asHash,
  type Signature,
  type Signer,
  TallyError,
  toHex,
} from '@tallystick/kernel';
import { blake2b256 } from '../embedded/hashing.js';
import type { PreparedCommit } from './round-ledger.js';

/** Blocks a transaction stays valid. A power of two, because a mortal era is. */
export const ERA_BLOCKS = 64;
/** MultiSignature variant of Ed25519. */
const ED25519 = '00';
/** Longer payloads are hashed before they are signed (Substrate's SignedPayload). */
const MAX_PLAIN_PAYLOAD = 256;

export type Extrinsic = SubmittableExtrinsic<'promise'>;
/** Only its bytes matter from here on. */
export type SignedExtrinsic = Pick<Extrinsic, 'toU8a'>;

/** A call of the runtime by name; a missing one means another runtime than the client was written for. */
export function callOf(
  api: ApiPromise,
  pallet: string,
  call: string,
  args: readonly unknown[],
): Extrinsic {
  const make = api.tx[pallet]?.[call];
  if (make === undefined) {
    throw new TallyError('LEDGER_RUNTIME_FAILED', {
      call: `${pallet}.${call}`,
      reason: 'no such call',
    });
  }
  return make(...args);
}

/** What Substrate signs: the payload itself, or its BLAKE2-256 when it is long. */
export function signable(payload: Uint8Array): Uint8Array {
  return payload.length > MAX_PLAIN_PAYLOAD ? blake2b256(payload) : payload;
}

/** The bytes an account signs for `call`, with what is needed to put the signature in place. */
export async function payloadOf(
  api: ApiPromise,
  call: Extrinsic,
  account: AccountId,
  nonce: number,
): Promise<{ readonly json: SignerPayloadJSON; readonly bytes: Uint8Array }> {
  const head = await api.rpc.chain.getFinalizedHead();
  const header = await api.rpc.chain.getHeader(head);
  const payload = api.registry.createTypeUnsafe('SignerPayload', [
    {
      address: `0x${account}`,
      blockHash: head,
      blockNumber: header.number,
      era: api.createType('ExtrinsicEra', {
        current: header.number.toNumber(),
        period: ERA_BLOCKS,
      }),
      genesisHash: api.genesisHash,
      method: call.method,
      nonce,
      runtimeVersion: api.runtimeVersion,
      signedExtensions: api.registry.signedExtensions,
      tip: 0,
      version: api.extrinsicVersion, // a call that was signed before shows its signed bit in its own
    },
  ]) as unknown as { toPayload(): SignerPayloadJSON }; // the registry's own type for this name
  const json = payload.toPayload();
  const bytes = api
    .createType('ExtrinsicPayload', json, { version: json.version })
    .toU8a({ method: true });
  return { json, bytes };
}

/** Puts an Ed25519 signature over `payloadOf(...)` in place. */
export function withSignature(
  call: Extrinsic,
  account: AccountId,
  signature: Signature,
  json: SignerPayloadJSON,
): SignedExtrinsic {
  return call.addSignature(`0x${account}`, `0x${ED25519}${signature}`, json);
}

/** Signs `call` with `signer` as the account of the same key. */
export async function signCall(
  api: ApiPromise,
  call: Extrinsic,
  signer: Signer,
  nonce: number,
): Promise<PreparedCommit> {
  const account = signer.key as string as AccountId; // AccountId32 of an Ed25519 key is the key
  const { json, bytes } = await payloadOf(api, call, account, nonce);
  const signed = withSignature(call, account, signer.sign(signable(bytes)), json);
  return preparedOf(api, signed, nonce, Number(json.blockNumber));
}

/** The stored form of a signed extrinsic. */
export function preparedOf(
  api: ApiPromise,
  signed: SignedExtrinsic,
  nonce: number,
  signedAt: number,
): PreparedCommit {
  const era = api.createType('ExtrinsicEra', { current: signedAt, period: ERA_BLOCKS }).asMortalEra;
  const encoded = signed.toU8a();
  return {
    nonce,
    lastBlock: era.death(signedAt) - 1,
    bytes: toHex(encoded),
    hash: asHash(toHex(blake2b256(encoded))),
  };
}
