import {
  concatBytes,
  equalBytes,
  fromHex,
  type Hash,
  type OrganisationId,
  type PublicKey,
  type Signature,
  TallyError,
  toHex,
} from '@tallystick/kernel';

/** `tally.register_node` in the runtime: pallet 0x20, call 2. */
const REGISTER_NODE = Uint8Array.of(0x20, 0x02);
/** Longer payloads are signed as their BLAKE2-256, so they could not be read. */
const MAX_BYTES = 256;
/** spec version ‖ transaction version ‖ genesis ‖ era block ‖ no metadata hash: signed, but not sent. */
const IMPLIED_BYTES = 4 + 4 + 32 + 32 + 1;
const GENESIS_AT = 8;

/** What the owner key is about to sign must register this and nothing else. */
export interface OwnRegistration {
  readonly genesis: Hash;
  readonly organisation: OrganisationId;
  readonly key: PublicKey;
  readonly proof: Signature;
}

/** SCALE bytes of `register_node(organisation, key, proof)`. */
export function registerNodeCall({
  organisation,
  key,
  proof,
}: Omit<OwnRegistration, 'genesis'>): Uint8Array {
  const id = new Uint8Array(4);
  new DataView(id.buffer).setUint32(0, organisation, true);
  return concatBytes(REGISTER_NODE, id, fromHex(key), fromHex(proof));
}

/**
 * Reads the payload of a transaction (call ‖ extensions ‖ implied) and refuses it with AUTH_PAYLOAD_REFUSED unless it
 * is this very registration, on this chain, without a tip. The call has a fixed width, so equal first bytes are the
 * whole call.
 */
export function checkRegistrationPayload(payload: Uint8Array, own: OwnRegistration): void {
  const refuse = (reason: string): TallyError => new TallyError('AUTH_PAYLOAD_REFUSED', { reason });
  const call = registerNodeCall(own);
  if (payload.length > MAX_BYTES || payload.length < call.length + IMPLIED_BYTES) {
    throw refuse(`it has ${payload.length} bytes`);
  }
  if (!equalBytes(payload.subarray(0, call.length), call)) {
    throw refuse('the call is not register_node with the key and the proof of this site');
  }
  const implied = payload.subarray(payload.length - IMPLIED_BYTES);
  const genesis = toHex(implied.subarray(GENESIS_AT, GENESIS_AT + 32));
  if (genesis !== own.genesis)
    throw refuse(`it is for chain ${genesis}, the invite for ${own.genesis}`);
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
