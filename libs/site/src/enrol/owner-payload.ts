import {
  concatBytes,
  equalBytes,
  fromHex,
  type Hash,
  type NodeId,
  type OrganisationId,
  type PublicKey,
  type Signature,
  TallyError,
  toHex,
} from '@tallystick/kernel';

/** Calls of the pallet in the runtime: pallet 0x20. */
const REGISTER_NODE = Uint8Array.of(0x20, 0x02);
const ROTATE_KEY = Uint8Array.of(0x20, 0x04);
const REVOKE_NODE = Uint8Array.of(0x20, 0x05);
/** Longer payloads are signed as their BLAKE2-256, so they could not be read. */
const MAX_BYTES = 256;
/** spec version ‖ transaction version ‖ genesis ‖ era block ‖ no metadata hash: signed, but not sent. */
const IMPLIED_BYTES = 4 + 4 + 32 + 32 + 1;
const GENESIS_AT = 8;

/** What the owner key is about to sign must do this and nothing else. */
export interface OwnCall {
  readonly genesis: Hash;
  /** SCALE bytes of the call. */
  readonly call: Uint8Array;
  /** What it is, in words. */
  readonly words: string;
}

/** SCALE bytes of `register_node(organisation, key, proof)`. */
export function registerNodeCall(own: {
  readonly organisation: OrganisationId;
  readonly key: PublicKey;
  readonly proof: Signature;
}): Uint8Array {
  return concatBytes(REGISTER_NODE, u32(own.organisation), fromHex(own.key), fromHex(own.proof));
}

/** SCALE bytes of `rotate_key(node, key, proof)`. */
export function rotateKeyCall(own: {
  readonly node: NodeId;
  readonly key: PublicKey;
  readonly proof: Signature;
}): Uint8Array {
  return concatBytes(ROTATE_KEY, u32(own.node), fromHex(own.key), fromHex(own.proof));
}

/** SCALE bytes of `revoke_node(node)`. */
export function revokeNodeCall(node: NodeId): Uint8Array {
  return concatBytes(REVOKE_NODE, u32(node));
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/**
 * Reads the payload of a transaction (call ‖ extensions ‖ implied) and refuses it with AUTH_PAYLOAD_REFUSED unless it
 * is this very call, on this chain, without a tip. The calls have fixed widths, so equal first bytes are the whole call.
 */
export function checkOwnerPayload(
  payload: Uint8Array,
  { call, genesis: own, words }: OwnCall,
): void {
  const refuse = (reason: string): TallyError => new TallyError('AUTH_PAYLOAD_REFUSED', { reason });
  if (payload.length > MAX_BYTES || payload.length < call.length + IMPLIED_BYTES) {
    throw refuse(`it has ${payload.length} bytes`);
  }
  if (!equalBytes(payload.subarray(0, call.length), call)) {
    throw refuse(`the call is not ${words}`);
  }
  const implied = payload.subarray(payload.length - IMPLIED_BYTES);
  const genesis = toHex(implied.subarray(GENESIS_AT, GENESIS_AT + 32));
  if (genesis !== own) throw refuse(`it is for chain ${genesis}, this site is of ${own}`);
  if (implied.at(-1) !== 0) throw refuse('it binds a metadata hash');
  checkExtensions(payload.subarray(call.length, payload.length - IMPLIED_BYTES), refuse);
}

/** era ‖ Compact nonce ‖ Compact tip ‖ metadata mode. */
function checkExtensions(extra: Uint8Array, refuse: (reason: string) => TallyError): void {
  const era = extra[0] === 0 ? 1 : 2;
  const tipAt = era + compactBytes(extra[era]);
  if (extra[tipAt] !== 0) throw refuse('it pays a tip');
  if (extra.length !== tipAt + 2 || extra[tipAt + 1] !== 0) {
    throw refuse('its signed extensions are not the ones of this runtime');
  }
}

/** Bytes of a Compact<u32> by its first byte. */
function compactBytes(first = 0): number {
  return [1, 2, 4, 5][first & 3] ?? 1;
}
