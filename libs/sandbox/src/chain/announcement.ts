import { readFile, stat } from 'node:fs/promises';
import { asHash, type Hash } from '@tallystick/kernel';
import { processBirth } from '@tallystick/kernel/node';

/** What the chain process prints once it listens. */
export interface Announcement {
  /** ws://host:port; the same port answers JSON-RPC over HTTP POST. */
  readonly url: string;
  readonly genesis: Hash;
  readonly pid: number;
}

/** A chain process that is alive and answers with the genesis it announced. */
export interface LivingChain extends Announcement {
  readonly birth: string;
  readonly startedAtMs: number;
}

const RPC_TIMEOUT_MS = 2_000;

/** The announcement in one line of output; undefined when the line is something else. */
export function parseAnnouncement(line: string): Announcement | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return undefined;
    const { event, url, genesis, pid }: Partial<Record<string, unknown>> = { ...value };
    if (event !== 'chain.listening' || typeof url !== 'string') return undefined;
    if (typeof genesis !== 'string' || typeof pid !== 'number') return undefined;
    return { url, genesis: asHash(genesis.replace(/^0x/, '')), pid };
  } catch {
    return undefined;
  }
}

/** Asks for the hash of block 0; undefined when nobody answers. */
async function askGenesis(url: string): Promise<unknown> {
  const question = { jsonrpc: '2.0', id: 1, method: 'chain_getBlockHash', params: [0] };
  try {
    const response = await fetch(url.replace(/^ws/, 'http'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(question),
      signal: AbortSignal.timeout(RPC_TIMEOUT_MS),
    });
    const answer: unknown = await response.json();
    return typeof answer === 'object' && answer !== null && 'result' in answer
      ? answer.result
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The living chain that announced itself in the file `output`; undefined when there is none. A file left by a dead
 * process is seen through: its pid is gone, or whoever has its port now does not answer with this genesis.
 */
export async function findChain(output: string): Promise<LivingChain | undefined> {
  const text = await readFile(output, 'utf8').catch(() => '');
  for (const line of text.split('\n').reverse()) {
    const said = parseAnnouncement(line);
    const birth = said === undefined ? undefined : await processBirth(said.pid);
    if (said === undefined || birth === undefined) continue;
    if ((await askGenesis(said.url)) !== `0x${said.genesis}`) continue;
    const { birthtimeMs, mtimeMs } = await stat(output);
    return { ...said, birth, startedAtMs: Math.floor(birthtimeMs || mtimeMs) };
  }
  return undefined;
}
