import { type RawSpec, storageKey } from '@tallystick/chain/embedded';
import { asAccountId, concatBytes, fromHex, type Signer, toHex, utf8 } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { POP, signRecord } from '@tallystick/record';
import type { History } from '../../history.js';
import { readRun } from '../../state/stored-run.js';
import { acceptRun } from '../fixture/tally-calls.js';
import { StandingClock, TestChain } from '../fixture/test-chain.js';
import type { Evidence } from './evidence.js';
import { replay } from './replay.js';

/** What block 1 writes anew; a genesis has none of it. */
const VOLATILE: readonly string[] = ['Number', 'ParentHash', 'BlockHash', 'Digest', 'Events'];
const CODE = `0x${toHex(utf8(':code'))}`;
const MAX_KEYS = 100_000;

/** The block in which the coordinator accepted the run. */
export function acceptedAt({ chain, runId }: History): number {
  for (let block = 1; block <= chain.head.number; block++) {
    if ((readRun(chain.stateAt(block), runId)?.coordinatorKeys.length ?? 0) > 0) return block;
  }
  throw new Error(`nobody accepted run ${runId}`);
}

/** Accepts the run with `coordinator`'s key, as `account`. */
export async function accept(
  chain: TestChain,
  { runId }: History,
  { account, coordinator }: { readonly account: Signer; readonly coordinator: Signer },
): Promise<void> {
  const { key } = coordinator;
  const pop = { chain: chain.genesis, owner: asAccountId(account.key), key };
  await chain.block([account, acceptRun(runId, key, signRecord(POP, pop, coordinator).signature)]);
}

/**
 * A genesis of another chain in which the real nodes are planted: everything the real chain held before the coordinator
 * accepted the run, under another `instance`. No key of a node or of its owner is needed for it.
 * @param change may replace the runtime
 */
export async function foreignGenesis(
  { spec, blocks, history }: Evidence,
  authority: Signer,
  change: (code: Uint8Array) => Uint8Array = (code) => code,
): Promise<RawSpec> {
  const clock = new StandingClock(0);
  const chain = await TestChain.open(spec, authority, clock);
  try {
    for (const block of blocks.slice(0, acceptedAt(history) - 1)) await replay(chain, clock, block);
    const top = stateOf(chain);
    top[`0x${toHex(storageKey('Tally', 'Instance'))}`] = `0x${sha256(utf8('foreign'))}`;
    top[CODE] = hex0x(change(fromHex((top[CODE] ?? '0x').slice(2))));
    return { ...spec, genesis: { raw: { top, childrenDefault: {} } } };
  } finally {
    await chain.close();
  }
}

function stateOf(chain: TestChain): Record<string, string> {
  const state = chain.host.stateAt(chain.head.hash);
  const volatile = VOLATILE.map((item) => hex0x(storageKey('System', item)));
  const top: Record<string, string> = {};
  for (const key of state.keys(new Uint8Array(), MAX_KEYS)) {
    const name = hex0x(key);
    if (volatile.some((prefix) => name.startsWith(prefix))) continue;
    top[name] = hex0x(state.get(key) ?? new Uint8Array());
  }
  return top;
}

/** The runtime with an empty custom section: it does the same and has another hash. */
export function unreleased(code: Uint8Array): Uint8Array {
  return concatBytes(code, Uint8Array.of(0, 2, 1, 0x78));
}

function hex0x(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}
