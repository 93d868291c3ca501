import { asHash, type Hash, TallyError } from '@tallystick/kernel';

/** Readers of polkadot-js's `toJSON` values, whose integers are numbers or hex strings depending on their size. */
export type Json = Readonly<Record<string, unknown>>;

function unexpected(what: string): TallyError {
  return new TallyError('LEDGER_RUNTIME_FAILED', { call: what, reason: 'unexpected shape' });
}

export function objectAt(value: unknown, what: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unexpected(what);
  return { ...value };
}

export function numberAt(json: Json, field: string): number {
  const value = json[field];
  if (typeof value !== 'number') throw unexpected(field);
  return value;
}

/** Hex strings of polkadot-js are big-endian numbers here. */
export function bigintAt(json: Json, field: string): bigint {
  const value = json[field];
  if (typeof value === 'number' || typeof value === 'string') return BigInt(value);
  throw unexpected(field);
}

export function stringAt(json: Json, field: string): string {
  const value = json[field];
  if (typeof value !== 'string') throw unexpected(field);
  return value;
}

export function hashAt(json: Json, field: string): Hash {
  return asHash(stringAt(json, field).replace(/^0x/, ''));
}
