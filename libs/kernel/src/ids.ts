declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** 32 bytes of SHA-256 as 64 lower-case hex digits. */
export type Hash = Brand<string, 'Hash'>;
/** Ed25519 public key, 64 lower-case hex digits. */
export type PublicKey = Brand<string, 'PublicKey'>;
/** Ed25519 signature, 128 lower-case hex digits. */
export type Signature = Brand<string, 'Signature'>;
/** Substrate AccountId32, 64 lower-case hex digits. */
export type AccountId = Brand<string, 'AccountId'>;
/** Number of a node on its chain (u32). */
export type NodeId = Brand<number, 'NodeId'>;
/** Number of an organisation on its chain (u32). */
export type OrganisationId = Brand<number, 'OrganisationId'>;
/** Number of a run on its chain (u32). */
export type RunId = Brand<number, 'RunId'>;

/** 32 zero bytes: "none" wherever the protocol says so. */
export const ZERO_HASH: Hash = '0'.repeat(64) as Hash;

function hex(text: string, digits: number, what: string): string {
  if (text.length !== digits || !/^[0-9a-f]+$/.test(text)) {
    throw new RangeError(
      `${what} must be ${digits} lower-case hex digits, got ${text.slice(0, 140)}`,
    );
  }
  return text;
}

function u32(value: number, what: string): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new RangeError(`${what} must be an integer in 0..2^32-1, got ${value}`);
  }
  return value;
}

/** Checks and brands; throws RangeError. */
export function asHash(text: string): Hash {
  return hex(text, 64, 'hash') as Hash;
}
/** Checks and brands; throws RangeError. */
export function asPublicKey(text: string): PublicKey {
  return hex(text, 64, 'public key') as PublicKey;
}
/** Checks and brands; throws RangeError. */
export function asSignature(text: string): Signature {
  return hex(text, 128, 'signature') as Signature;
}
/** Checks and brands; throws RangeError. */
export function asAccountId(text: string): AccountId {
  return hex(text, 64, 'account') as AccountId;
}
/** Checks and brands; throws RangeError. */
export function asNodeId(value: number): NodeId {
  return u32(value, 'node') as NodeId;
}
/** Checks and brands; throws RangeError. */
export function asOrganisationId(value: number): OrganisationId {
  return u32(value, 'organisation') as OrganisationId;
}
/** Checks and brands; throws RangeError. */
export function asRunId(value: number): RunId {
  return u32(value, 'run') as RunId;
}
