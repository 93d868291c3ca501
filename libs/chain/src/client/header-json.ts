import { fromHex } from '@tallystick/kernel';
import type { Header } from '../embedded/header.js';
import { bigintAt, hashAt, type Json, objectAt, stringAt } from './json.js';

/** A header as JSON-RPC writes it. Throws when it is none. */
export function headerOf(header: Json): Header {
  return {
    parentHash: hashAt(header, 'parentHash'),
    number: Number(bigintAt(header, 'number')),
    stateRoot: hashAt(header, 'stateRoot'),
    extrinsicsRoot: hashAt(header, 'extrinsicsRoot'),
    digest: hexList(objectAt(header['digest'], 'digest')['logs']),
  };
}

/** A list of `0x…`; empty when it is no list. */
export function hexList(value: unknown): Uint8Array[] {
  if (!Array.isArray(value)) return [];
  const list: readonly unknown[] = value;
  return list.map((hex) => fromHex(stringAt({ hex } satisfies Json, 'hex').replace(/^0x/, '')));
}
