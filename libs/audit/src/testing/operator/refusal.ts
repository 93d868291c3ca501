import { readFile } from 'node:fs/promises';
import { storageKey } from '@tallystick/chain/embedded';
import type { TestChain } from '../fixture/test-chain.js';

const ERRORS = new URL('../../../../../chain/pallets/tally/src/errors.rs', import.meta.url);
/** Index of pallet-tally in the runtime, and the event of a call that failed in it. */
const TALLY = 0x20;
const FAILED = [0, 1, 3, TALLY] as const;

/** The pallet's error for the call in the head; undefined when no call failed in it. */
export async function refusalIn(chain: TestChain): Promise<string | undefined> {
  const events = chain.read(storageKey('System', 'Events')) ?? new Uint8Array();
  for (let at = 0; at + FAILED.length < events.length; at++) {
    const index = events[at + FAILED.length] ?? 0;
    if (FAILED.every((byte, i) => events[at + i] === byte)) return (await errorNames())[index];
  }
  return undefined;
}

/** Error names of the pallet, in order. */
async function errorNames(): Promise<readonly string[]> {
  const rust = await readFile(ERRORS, 'utf8');
  return [...rust.matchAll(/^ {8}([A-Z]\w+),$/gm)].map(([, name = '']) => name);
}
