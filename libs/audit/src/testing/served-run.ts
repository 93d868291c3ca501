import { genesisBlock } from '@tallystick/chain/testing';
import { type ChainState, verifyBlocks } from '@tallystick/chain/embedded';
import { asHash, fromHex, toHex } from '@tallystick/kernel';
import { BundleReader } from '../bundle/bundle-reader.js';
import type { ChainRpc, Fetch, RpcRequest } from '../recompute/index.js';
import { openEvidence, releasedRuntimes } from './operator/evidence.js';

/** A bundle as a coordinator would serve it: its chain by JSON-RPC, its files by REST. */
export interface ServedRun {
  readonly rpc: ChainRpc;
  readonly fetch: Fetch;
}

const hex = (bytes: Uint8Array): string => `0x${toHex(bytes)}`;

/** Serves the bundle in `folder`; every state is the one that its blocks lead to. */
export async function serveRun(folder: string): Promise<ServedRun> {
  const { spec, blocks } = await openEvidence(folder);
  const bundle = await BundleReader.open(folder);
  const file = async (path: string): Promise<Uint8Array> =>
    (await bundle.read(path)) ?? new Uint8Array();
  const executed = await verifyBlocks({
    spec,
    blocks: await file('chain/blocks.bin'),
    knownRuntimes: await releasedRuntimes(),
  });
  if (!executed.ok) throw new Error(executed.reason);
  const headers = [genesisBlock(spec).header, ...blocks.map(({ header }) => header)];
  const hashes = [executed.genesis, ...executed.blocks.map(({ hash }) => hash)];
  const stateOf = (hash: unknown): ChainState => {
    const state = executed.stateAt(asHash(String(hash).slice(2)));
    if (state === undefined) throw new Error('no such block');
    return state;
  };
  const answer = ({ method, params: [first, second] }: RpcRequest): unknown => {
    switch (method) {
      case 'chain_getFinalizedHead':
        return `0x${executed.head.hash}`;
      case 'chain_getBlockHash':
        return (first as number[]).map((number) => `0x${hashes[number]}`);
      case 'chain_getHeader': {
        const header = headers[hashes.indexOf(asHash(String(first).slice(2)))];
        if (header === undefined) return null;
        const { parentHash, stateRoot, extrinsicsRoot, number, digest } = header;
        return {
          parentHash: `0x${parentHash}`,
          stateRoot: `0x${stateRoot}`,
          extrinsicsRoot: `0x${extrinsicsRoot}`,
          number: `0x${number.toString(16)}`,
          digest: { logs: digest.map(hex) },
        };
      }
      case 'state_getReadProof': {
        const keys = (first as string[]).map((key) => fromHex(key.slice(2)));
        return { proof: stateOf(second).prove(keys).map(hex) };
      }
      default:
        throw new Error(`${method} is not served`);
    }
  };
  return {
    rpc: { call: (requests) => Promise.resolve(requests.map(answer)) },
    fetch: async (path) => restOf(path, file),
  };
}

const PARTS = [
  'task',
  'cohort',
  'header',
  'leaves',
  'excluded',
  'receipts',
  'declines',
  'promises',
];

async function restOf(
  path: string,
  file: (path: string) => Promise<Uint8Array>,
): Promise<string | undefined> {
  if (path.startsWith('specs/')) return new TextDecoder().decode(await file('run/spec.json'));
  const [, round] = /rounds\/(\d+)\/evidence$/.exec(path) ?? [];
  if (round === undefined) return undefined;
  const folder = `rounds/${round.padStart(4, '0')}`;
  const parts = await Promise.all(
    PARTS.map(async (part) => [part, toHex(await file(`${folder}/${part}.bin`))] as const),
  );
  const metrics = new TextDecoder().decode(await file(`${folder}/metrics.json`));
  return JSON.stringify({ ...Object.fromEntries(parts), metrics });
}
