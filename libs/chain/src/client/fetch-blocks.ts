import { asHash, concatBytes, fromHex, type Hash, TallyError } from '@tallystick/kernel';
import { encodeSignedBlock } from '../embedded/signed-block.js';
import { littleEndian } from '../embedded/scale.js';
import { bigintAt, hashAt, type Json, objectAt, stringAt } from './json.js';

/** One answer of a node; a block may carry 5 MiB of extrinsics in hex. */
const TIMEOUT_MS = 30_000;
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
    const numbers = Array.from({ length: Math.min(PARALLEL, number - from + 1) }, (_, i) => from + i);
    blocks.push(...(await Promise.all(numbers.map((n) => rpc.block(n)))));
  }
  const bytes = concatBytes(littleEndian(number, 8), ...blocks);
  return { genesis, head: { number, hash: head }, bytes };
}

class JsonRpc {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url.replace(/^ws/, 'http');
  }

  async call(method: string, params: readonly unknown[]): Promise<unknown> {
    const unreachable = (reason: string, cause?: unknown): TallyError =>
      new TallyError('LEDGER_UNREACHABLE', { url: this.#url, reason }, cause);
    let answer: unknown;
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      answer = await response.json();
    } catch (error) {
      throw unreachable(error instanceof Error ? error.message : String(error), error);
    }
    const { error, result } = objectAt(answer, method);
    if (error !== undefined) throw unreachable(`${method}: ${JSON.stringify(error)}`);
    return result;
  }

  async hash(method: string, params: readonly unknown[]): Promise<Hash> {
    return asHash(String(await this.call(method, params)).replace(/^0x/, ''));
  }

  async block(number: number): Promise<Uint8Array> {
    const hash = await this.hash('chain_getBlockHash', [number]);
    const answer = objectAt(await this.call('chain_getBlock', [`0x${hash}`]), 'chain_getBlock');
    const block = objectAt(answer['block'], 'block');
    const extrinsics = block['extrinsics'];
    const header = objectAt(block['header'], 'header');
    return encodeSignedBlock({
      header: {
        parentHash: hashAt(header, 'parentHash'),
        number,
        stateRoot: hashAt(header, 'stateRoot'),
        extrinsicsRoot: hashAt(header, 'extrinsicsRoot'),
        digest: hexList(objectAt(header['digest'], 'digest')['logs']),
      },
      extrinsics: hexList(extrinsics),
    });
  }
}

function hexList(value: unknown): Uint8Array[] {
  if (!Array.isArray(value)) return [];
  const list: readonly unknown[] = value;
  return list.map((hex) => fromHex(stringAt({ hex } satisfies Json, 'hex').replace(/^0x/, '')));
}
