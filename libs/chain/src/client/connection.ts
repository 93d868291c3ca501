import type { ApiPromise, WsProvider } from '@polkadot/api';
import type { ApiOptions } from '@polkadot/api/types';
import { asHash, type Hash, isTallyError, TallyError } from '@tallystick/kernel';

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
  readonly provider: WsProvider;
}

/**
 * A connection to the chain that reconnects by itself. Refuses another chain than `genesis` (when known) and
 * another runtime than ours. The client of Substrate is loaded here and nowhere else: most commands never connect.
 */
export async function connect(url: string, genesis?: Hash): Promise<Connection> {
  const { ApiPromise, WsProvider } = await import('@polkadot/api');
  const provider = new WsProvider(url, RECONNECT_MS);
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
    return { api, provider };
  } catch (error) {
    await api.disconnect().catch(() => undefined);
    if (isTallyError(error)) throw error;
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
