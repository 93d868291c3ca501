import { decodeAddress } from '@polkadot/util-crypto';
import { type AccountId, asAccountId, toHex } from '@tallystick/kernel';
import { type Json, stringAt } from './json.js';

/** An account: polkadot-js shows it as an SS58 address. */
export function accountAt(json: Json, field: string): AccountId {
  return asAccountId(toHex(decodeAddress(stringAt(json, field))));
}
