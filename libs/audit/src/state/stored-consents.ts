import type { NodeId, RunId } from '@tallystick/kernel';
import type { Consent, RunConsents } from '@tallystick/rounds';
import { blockTimeMs } from './chain-facts.js';
import { decodeValue, hashFrom, keyOf, type ReadState } from './read-state.js';

/** `Tally.Consents` (chain/pallets/tally/src/types.rs `Consent`); undefined when the owner said nothing. */
export function readConsent(read: ReadState, run: RunId, node: NodeId): Consent | undefined {
  const bytes = read(keyOf('Tally', 'Consents', run, node));
  if (bytes === undefined) return undefined;
  return decodeValue(`Tally.Consents ${run} ${node}`, bytes, (reader) => {
    const fromRound = reader.u32();
    const untilRound = reader.u32();
    const untilMs = reader.u64();
    const purposes = reader.vector(() => reader.u32());
    const policy = hashFrom(reader);
    const fromBlock = reader.u32();
    const revokedAtBlock = reader.option(() => reader.u32());
    const consent = { fromRound, untilRound, untilMs, purposes, policy, fromBlock };
    return revokedAtBlock === undefined ? consent : { ...consent, revokedAtBlock };
  });
}

/** What the owners of `nodes` allow in `run`, in the state after block `atBlock`. */
export function readConsents(
  read: ReadState,
  { run, atBlock }: { readonly run: RunId; readonly atBlock: number },
  nodes: readonly NodeId[],
): RunConsents {
  const found = nodes.flatMap((node) => {
    const consent = readConsent(read, run, node);
    return consent === undefined ? [] : [[node, consent] as const];
  });
  return { atBlock, atMs: blockTimeMs(read), byNode: new Map(found) };
}
