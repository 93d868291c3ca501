import type { ApiPromise } from '@polkadot/api';
import type { ApiOptions } from '@polkadot/api/types';
import { asHash, type Hash, isTallyError, TallyError } from '@tallystick/kernel';
import type { ProvingProvider } from './proving-provider.js';
import { TrustedBlocks } from './trusted-blocks.js';

/** How long a connect may take before it is reported. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Between attempts of polkadot-js to reconnect. */
const RECONNECT_MS = 500;

/** Rejects with `error` unless `promise` settles within `ms`. */
export async function within<T>(
  promise: Promise<T>,
  ms: number,
  error: () => TallyError,
): Promise<T> {
  let handle: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    handle = setTimeout(() => reject(error()), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(handle);
  }
}

/** 64 hex digits of a polkadot-js hash. */
export function bare(hash: { toHex(): string }): Hash {
  return asHash(hash.toHex().slice(2));
}

/** An open connection. Requests that may be refused go through `provider`: the api would print each refusal. */
export interface Connection {
  readonly api: ApiPromise;
  readonly provider: ProvingProvider;
  readonly blocks: TrustedBlocks;
}

/**
 * A connection to the chain that reconnects by itself. Refuses another chain than `genesis` (when known), another runtime
 * than ours, and a node whose answers its own blocks do not bear out. The client of Substrate is loaded here and nowhere
 * else: most commands never connect.
 */
export async function connect(url: string, genesis?: Hash): Promise<Connection> {
  const { ApiPromise } = await import('@polkadot/api');
  const { ProvingProvider } = await import('./proving-provider.js');
  const provider = new ProvingProvider(url, RECONNECT_MS);
  // polkadot-js's own class misses its own interface under exactOptionalPropertyTypes
  const api = new ApiPromise({
    provider: provider as unknown as NonNullable<ApiOptions['provider']>,
    noInitWarn: true,
  });
  const unreachable = (): TallyError =>
    new TallyError('LEDGER_UNREACHABLE', {
      url,
      reason: `no answer within ${CONNECT_TIMEOUT_MS} ms`,
    });
  try {
    await within(api.isReadyOrError, CONNECT_TIMEOUT_MS, unreachable);
    check(api, url, genesis);
    const { ask, reads } = provider;
    const blocks = new TrustedBlocks({ url, ask, reads }, bare(api.genesisHash));
    await within(blocks.finalized(), CONNECT_TIMEOUT_MS, unreachable);
    return { api, provider, blocks };
  } catch (error) {
    await api.disconnect().catch(() => undefined);
    if (isTallyError(error)) throw error;
    if (provider.fault !== undefined) throw provider.fault;
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('LEDGER_UNREACHABLE', { url, reason }, error);
  }
}

function check(api: ApiPromise, url: string, genesis: Hash | undefined): void {
  const got = bare(api.genesisHash);
  if (genesis !== undefined && got !== genesis) {
    throw new TallyError('LEDGER_WRONG_CHAIN', { url, got, expected: genesis });
  }
  const name = api.runtimeVersion.specName.toString();
  if (name !== 'tallystick') {
    throw new TallyError('LEDGER_WRONG_CHAIN', {
      url,
      got: `runtime ${name}`,
      expected: 'tallystick',
    });
  }
}
