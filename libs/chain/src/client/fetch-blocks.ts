import { concatBytes, fromHex, type Hash, toHex } from '@tallystick/kernel';
import { encodeHeader } from '../embedded/header.js';
import { encodeSignedBlock } from '../embedded/signed-block.js';
import { littleEndian } from '../embedded/scale.js';
import { headerOf, hexList } from './header-json.js';
import { bigintAt, objectAt } from './json.js';
import { JsonRpc } from './json-rpc.js';

/** Requests under way at once. */
const PARALLEL = 8;

/** Everything from genesis to the newest finalised block. */
export interface ExportedBlocks {
  readonly genesis: Hash;
  readonly head: { readonly number: number; readonly hash: Hash };
  /** As `export-blocks --binary` writes them: count u64, then SignedBlocks from 1 on, without justifications. */
  readonly bytes: Uint8Array;
}

/**
 * Reads all finalised blocks over JSON-RPC. Nothing is checked here: whoever uses them executes them again.
 * Rejects with LEDGER_UNREACHABLE.
 */
export async function fetchBlocks(url: string): Promise<ExportedBlocks> {
  const rpc = new JsonRpc(url);
  const genesis = await rpc.hash('chain_getBlockHash', [0]);
  const head = await rpc.hash('chain_getFinalizedHead', []);
  const header = objectAt(await rpc.call('chain_getHeader', [`0x${head}`]), 'chain_getHeader');
  const number = Number(bigintAt(header, 'number'));
  const blocks: Uint8Array[] = [];
  for (let from = 1; from <= number; from += PARALLEL) {
    const numbers = Array.from(
      { length: Math.min(PARALLEL, number - from + 1) },
      (_, i) => from + i,
    );
    blocks.push(...(await Promise.all(numbers.map((n) => blockOf(rpc, n)))));
  }
  const bytes = concatBytes(littleEndian(number, 8), ...blocks);
  return { genesis, head: { number, hash: head }, bytes };
}

/** The newest finalised block: its SCALE header, and a read proof of `keys` in its state. */
export interface FetchedProof {
  readonly header: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** Reads the proof over JSON-RPC. Nothing is checked here. Rejects with LEDGER_UNREACHABLE. */
export async function fetchProof(url: string, keys: readonly Uint8Array[]): Promise<FetchedProof> {
  const rpc = new JsonRpc(url);
  const at = await rpc.hash('chain_getFinalizedHead', []);
  const header = objectAt(await rpc.call('chain_getHeader', [`0x${at}`]), 'chain_getHeader');
  const params = [keys.map((key) => `0x${toHex(key)}`), `0x${at}`];
  const { proof } = objectAt(await rpc.call('state_getReadProof', params), 'state_getReadProof');
  return { header: encodeHeader(headerOf(header)), proof: hexList(proof) };
}

async function blockOf(rpc: JsonRpc, number: number): Promise<Uint8Array> {
  const hash = await rpc.hash('chain_getBlockHash', [number]);
  const answer = objectAt(await rpc.call('chain_getBlock', [`0x${hash}`]), 'chain_getBlock');
  const block = objectAt(answer['block'], 'block');
  const extrinsics = block['extrinsics'];
  const header = objectAt(block['header'], 'header');
  return encodeSignedBlock({
    header: headerOf(header),
    extrinsics: hexList(extrinsics),
  });
}

/** The value at a storage key after block `at`; undefined when there is none. Rejects with LEDGER_UNREACHABLE. */
export async function fetchStorage(
  url: string,
  key: Uint8Array,
  at: Hash,
): Promise<Uint8Array | undefined> {
  const rpc = new JsonRpc(url);
  const value = await rpc.call('state_getStorage', [`0x${toHex(key)}`, `0x${at}`]);
  return typeof value === 'string' ? fromHex(value.replace(/^0x/, '')) : undefined;
}
