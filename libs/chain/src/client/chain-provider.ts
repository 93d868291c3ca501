import { WsProvider } from '@polkadot/api';
import { isTallyError, TallyError } from '@tallystick/kernel';

/** `-32000: …`, as polkadot-js words what a node answered. */
const ANSWERED = /^-?\d+:/;

/** The socket to the chain. What a node refused passes as it is; a socket that is away is LEDGER_UNREACHABLE. */
export class ChainProvider extends WsProvider {
  readonly #url: string;

  constructor(url: string, reconnectMs: number) {
    super(url, reconnectMs);
    this.#url = url;
  }

  override async send<T>(...request: Parameters<WsProvider['send']>): Promise<T> {
    try {
      return await super.send<T>(...request);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (isTallyError(error) || ANSWERED.test(reason)) throw error;
      throw new TallyError('LEDGER_UNREACHABLE', { url: this.#url, reason }, error);
    }
  }
}
