import { asHash, type Hash, isTallyError, TallyError } from '@tallystick/kernel';
import { within } from './connection.js';
import { objectAt } from './json.js';

/** One answer of a node; a block may carry 5 MiB of extrinsics in hex. */
const TIMEOUT_MS = 30_000;

/** Plain JSON-RPC over HTTP POST: reads that need no metadata. Rejects with LEDGER_UNREACHABLE. */
export class JsonRpc {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url.replace(/^ws/, 'http');
  }

  async call(method: string, params: readonly unknown[]): Promise<unknown> {
    const unreachable = (reason: string, cause?: unknown): TallyError =>
      new TallyError('LEDGER_UNREACHABLE', { url: this.#url, reason }, cause);
    const late = (): TallyError => unreachable(`no answer within ${TIMEOUT_MS} ms`);
    const answer = await within(this.#post(method, params), TIMEOUT_MS, late).catch(
      (error: unknown) => {
        if (isTallyError(error)) throw error;
        throw unreachable(error instanceof Error ? error.message : String(error), error);
      },
    );
    const { error, result } = objectAt(answer, method);
    if (error !== undefined) throw unreachable(`${method}: ${JSON.stringify(error)}`);
    return result;
  }

  async #post(method: string, params: readonly unknown[]): Promise<unknown> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return response.json();
  }

  async hash(method: string, params: readonly unknown[]): Promise<Hash> {
    return asHash(String(await this.call(method, params)).replace(/^0x/, ''));
  }
}
