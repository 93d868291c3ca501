import { type Header, headerHash } from '@tallystick/chain/proof';
import { asHash, fromHex, type Hash } from '@tallystick/kernel';
import { demand, demandEqual, Mismatch } from '../findings.js';
import { callAll, type ChainRpc } from './chain-rpc.js';

/** Hashes asked for at once: what a node lists. */
const MAX_HASHES = 1_000;
/** Blocks whose headers are kept: 64 bytes of text for each hash and state root. */
const MAX_BLOCKS = 200_000;
const OPERATOR = 'chain operator';

/** Headers of blocks, each the hash of the one before it. */
export interface HeaderChain {
  /** By block number; the newest is the finalised head. */
  readonly hashes: readonly Hash[];
  readonly headers: readonly Header[];
}

/** The finalised head alone: its header has the hash under which it was asked for. Other blocks are not there. */
export async function readHead(rpc: ChainRpc): Promise<HeaderChain> {
  const [head] = await rpc.call([{ method: 'chain_getFinalizedHead', params: [] }]);
  const [top] = await rpc.call([{ method: 'chain_getHeader', params: [head] }]);
  const header = headerOf(top, 'head');
  const place = { record: `header of block ${header.number}`, by: OPERATOR } as const;
  demandEqual(
    read('head', () => hashOf(head)),
    headerHash(header),
    place,
  );
  const hashes: Hash[] = [];
  const headers: Header[] = [];
  hashes[header.number] = headerHash(header);
  headers[header.number] = header;
  return { hashes, headers };
}

/** Reads every header and hashes it again; a header that is not its parent's child is a Mismatch. */
export async function readHeaders(
  rpc: ChainRpc,
  onProgress: (done: number, of: number) => void,
): Promise<HeaderChain> {
  const number = (await readHead(rpc)).hashes.length - 1;
  const size = { record: 'blocks of the chain', by: OPERATOR } as const;
  demand(number < MAX_BLOCKS, size, `fewer than ${MAX_BLOCKS}`, number);
  const hashes = await hashesTo(rpc, number);
  const requests = hashes.map((hash) => ({ method: 'chain_getHeader', params: [`0x${hash}`] }));
  const answers = await callAll(rpc, requests, (done) => onProgress(done, requests.length));
  const headers = answers.map((answer, block) => headerOf(answer, String(block)));
  for (const [block, header] of headers.entries()) {
    const place = { record: `header of block ${block}`, by: OPERATOR } as const;
    demandEqual(block, header.number, place);
    demandEqual(hashes[block] ?? 'none', headerHash(header), place);
    if (block > 0) demandEqual(hashes[block - 1] ?? 'none', header.parentHash, place);
  }
  return { hashes, headers };
}

async function hashesTo(rpc: ChainRpc, number: number): Promise<readonly Hash[]> {
  const lists = Array.from({ length: Math.ceil((number + 1) / MAX_HASHES) }, (_, i) => {
    const from = i * MAX_HASHES;
    const length = Math.min(MAX_HASHES, number + 1 - from);
    return { method: 'chain_getBlockHash', params: [Array.from({ length }, (_, k) => from + k)] };
  });
  const answers = await callAll(rpc, lists);
  return answers.flat().map((hash, block) => read(`hash of block ${block}`, () => hashOf(hash)));
}

/** A header as JSON-RPC writes it. */
function headerOf(json: unknown, block: string): Header {
  return read(`header of block ${block}`, () => {
    const { parentHash, number, stateRoot, extrinsicsRoot, digest } = json as {
      readonly [field: string]: unknown;
    }; // every field is checked below; null throws a TypeError, which `read` takes too
    const { logs } = digest as { readonly logs: readonly string[] };
    const header: Header = {
      parentHash: hashOf(parentHash),
      number: Number(number),
      stateRoot: hashOf(stateRoot),
      extrinsicsRoot: hashOf(extrinsicsRoot),
      digest: logs.map(bytesOf),
    };
    return header;
  });
}

function read<T>(record: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw new Mismatch({ record, by: OPERATOR }, { expected: 'one that can be read', found });
  }
}

function hashOf(text: unknown): Hash {
  return asHash(String(text).replace(/^0x/, ''));
}

/** Bytes of `0x…`; throws RangeError. */
export function bytesOf(text: unknown): Uint8Array {
  if (typeof text !== 'string' || !text.startsWith('0x')) throw new RangeError('not 0x-hex');
  return fromHex(text.slice(2));
}
