import { type RunId, toHex } from '@tallystick/kernel';
import { keyOf, type ReadState } from '../state/read-state.js';
import { readStoredEpoch } from '../state/stored-epochs.js';
import { lastCounting, type VoidSpan } from '@tallystick/rounds';
import { readRound, readRun, readVoids, runKey, voidsKey } from '../state/stored-run.js';
import type { ChainRpc } from './chain-rpc.js';
import { readHead } from './header-chain.js';
import { ProvedChain } from './proved-chain.js';

/** Newest rounds and epochs that are shown. */
const SHOWN = 10;

/** One storage item of pallet-tally, proved against the state root of the finalised head. */
export interface StoredItem {
  /** `Tally.Rounds 0 3`. */
  readonly name: string;
  /** Storage key and SCALE bytes as hex. */
  readonly key: string;
  readonly raw: string;
  /** As the audit decodes it; integers beyond 2⁵³ as decimal text. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

interface Kind {
  readonly item: string;
  readonly ids: readonly number[];
  readonly read: (read: ReadState) => object | undefined;
}

/** What the chain holds of a run at its finalised head, newest rounds first; nothing is decoded that was not proved. */
export async function readItems(
  rpc: ChainRpc,
  run: RunId,
): Promise<{ readonly block: number; readonly items: readonly StoredItem[] }> {
  const chain = new ProvedChain(rpc, await readHead(rpc));
  const { number: block } = chain.head;
  await chain.prove([{ block, keys: [runKey(run), voidsKey(run)] }]);
  const stored = readRun(chain.stateAt(block), run);
  const spans = readVoids(chain.stateAt(block), run);
  const rounds = newest(stored?.nextRound ?? 0, spans).map((round): Kind => {
    return { item: 'Rounds', ids: [run, round], read: (read) => readRound(read, run, round) };
  });
  const epochs = newest(stored?.epoch ?? 0, []).map((epoch): Kind => {
    return { item: 'Epochs', ids: [run, epoch], read: (read) => readStoredEpoch(read, run, epoch) };
  });
  const kinds: readonly Kind[] = [
    { item: 'Runs', ids: [run], read: (read) => readRun(read, run) },
    ...epochs,
    ...rounds,
  ];
  await chain.prove([{ block, keys: kinds.map(({ item, ids }) => keyOf('Tally', item, ...ids)) }]);
  return { block, items: kinds.flatMap((kind) => itemOf(chain.stateAt(block), kind)) };
}

/** The last numbers below `end` that count, newest first. */
function newest(end: number, voids: readonly VoidSpan[]): number[] {
  const numbers: number[] = [];
  let next = lastCounting(voids, end - 1);
  while (next !== undefined && numbers.length < SHOWN) {
    numbers.push(next);
    next = lastCounting(voids, next - 1);
  }
  return numbers;
}

function itemOf(read: ReadState, { item, ids, read: decode }: Kind): StoredItem[] {
  const key = keyOf('Tally', item, ...ids);
  const bytes = read(key);
  const value = decode(read);
  if (bytes === undefined || value === undefined) return [];
  const fields = Object.entries(value).map(([name, field]) => [name, textOf(field)] as const);
  return [{ name: `Tally.${item} ${ids.join(' ')}`, key: toHex(key), raw: toHex(bytes), fields }];
}

/** Never `[object Object]`: nested values as JSON. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'bigint' ? each.toString() : each,
  );
}
