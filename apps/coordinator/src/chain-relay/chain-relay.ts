import { JsonRpc } from '@tallystick/chain';
import { isTallyError, TallyError } from '@tallystick/kernel';
import {
  LIMITS,
  type RelayAnswers,
  type RelayBatch,
  type RelayRequest,
} from '@tallystick/protocol';

/** Code of JSON-RPC for what the server could not do (specification 2.0 §5.1). */
const SERVER_ERROR = -32_000;

/**
 * Passes on what the schema lets through, and nothing is believed of it: whoever asks checks the proofs. So a site, or a
 * page, needs one connection. Throws NET_BUSY above `maxRelayBatches` batches at once.
 */
export class ChainRelay {
  readonly #rpc: Pick<JsonRpc, 'call'>;
  #batches = 0;

  constructor(rpc: Pick<JsonRpc, 'call'>) {
    this.#rpc = rpc;
  }

  async answer(batch: RelayBatch): Promise<RelayAnswers> {
    if (this.#batches >= LIMITS.maxRelayBatches) {
      const limit = LIMITS.maxRelayBatches;
      throw new TallyError('NET_BUSY', { what: 'batches for the chain', limit });
    }
    this.#batches++;
    try {
      const answers: RelayAnswers = [];
      for (const request of batch) answers.push(await this.#one(request));
      return answers;
    } finally {
      this.#batches--;
    }
  }

  async #one({ id, method, params }: RelayRequest): Promise<RelayAnswers[number]> {
    try {
      return { jsonrpc: '2.0', id, result: await this.#rpc.call(method, params) };
    } catch (error) {
      if (!isTallyError(error)) throw error;
      return { jsonrpc: '2.0', id, error: { code: SERVER_ERROR, message: error.message } };
    }
  }
}
