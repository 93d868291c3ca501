import { WsProvider } from '@polkadot/api';
import { isTallyError, TallyError } from '@tallystick/kernel';
import { type Ask, ProvedReads } from './proved-reads.js';

/** What `WsProvider.subscribe` hands to `send`. */
type Subscription = Parameters<WsProvider['send']>[3];

/** A WebSocket to a chain node under @polkadot/api, which thereby reads nothing that is not proved. */
export class ProvingProvider extends WsProvider {
  readonly reads: ProvedReads;
  readonly #url: string;
  /** Rejects with LEDGER_UNREACHABLE, or with the node's own `<code>: <message>`. */
  readonly ask: Ask = (method, params) =>
    super.send<unknown>(method, [...params], false).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      if (/^-?\d+:/.test(reason)) throw error;
      throw new TallyError('LEDGER_UNREACHABLE', { url: this.#url, reason }, error);
    });
  /** Why the connection was not made: the api tells it in its own words. */
  fault: TallyError | undefined;

  constructor(url: string, reconnectMs: number) {
    super(url, reconnectMs);
    this.#url = url;
    this.reads = new ProvedReads(url, this.ask);
  }

  override send<T>(
    method: string,
    params: unknown[],
    isCacheable?: boolean,
    subscription?: Subscription,
  ): Promise<T> {
    // subscriptions only say that there may be something new
    if (subscription !== undefined) return super.send<T>(method, params, isCacheable, subscription);
    // the api's own type parameter: it decodes what comes
    return this.reads.answer(method, params).catch((error: unknown) => {
      if (isTallyError(error)) this.fault = error;
      throw error;
    }) as Promise<T>;
  }
}
