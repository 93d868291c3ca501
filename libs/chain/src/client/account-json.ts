import type { AccountId } from '@tallystick/kernel';
import { ss58Account } from '../embedded/ss58.js';
import { type Json, stringAt } from './json.js';

/** An account: polkadot-js shows it as an SS58 address. */
export function accountAt(json: Json, field: string): AccountId {
  return ss58Account(stringAt(json, field));
}
