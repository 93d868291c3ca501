import type {
  AccountId,
  Hash,
  NodeId,
  OrganisationId,
  PublicKey,
  RunId,
  Signature,
} from '@tallystick/kernel';
import type { RecordCodec } from '@tallystick/record';
import { z } from 'zod';

/** Schemas of the values that frames and REST share. They check and brand; nothing is converted. */

function hex(digits: number) {
  return z
    .string()
    .regex(new RegExp(`^[0-9a-f]{${digits}}$`), `must be ${digits} lower-case hex digits`);
}

/** The schema checks exactly what the branded constructors of kernel check. */
function brand<T>(schema: z.ZodType): z.ZodType<T, T> {
  return schema as z.ZodType<T, T>;
}

const u32 = z.int().min(0).max(0xffff_ffff);

export const hash = brand<Hash>(hex(64));
export const publicKey = brand<PublicKey>(hex(64));
export const accountId = brand<AccountId>(hex(64));
export const signature = brand<Signature>(hex(128));
export const bytes32 = hex(64);
export const nodeId = brand<NodeId>(u32);
export const organisationId = brand<OrganisationId>(u32);
export const runId = brand<RunId>(u32);
export const roundNumber = u32;
/** Milliseconds since 1970-01-01 UTC. */
export const timeMs = z.int().min(0);
/** u64 or u128 as decimal text. */
export const decimal = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,38})$/, 'must be a whole number in decimal digits');
/** Hex of any bytes. */
export const hexBytes = z
  .string()
  .regex(/^(?:[0-9a-f]{2})*$/, 'must be pairs of lower-case hex digits');

/** Hex of SCALE ‖ signature of one kind of record. */
export function signed<T>(codec: RecordCodec<T>) {
  return hex(2 * (codec.size + 64));
}

/** A pinned public key: SHA-256 of its SubjectPublicKeyInfo (RFC 7469 §2.4), as OkHttp and HPKP write it. */
export const spkiPin = z
  .string()
  .regex(/^sha256\/[A-Za-z0-9+/]{43}=$/, 'must be sha256/ and 44 base64 characters');

/** Numbers by name; integers in nano-units where they are measurements (protocol.md §1.9). */
export function metrics(max: number) {
  return z
    .record(z.string().regex(/^[a-z][A-Za-z0-9]{0,63}$/, 'must be a camelCase name'), z.int())
    .refine((all) => Object.keys(all).length <= max, `must have at most ${max} metrics`);
}
