import { fromHex, type Hash, isTallyError, type RunId } from '@tallystick/kernel';
import { HeaderList, LIMITS, RoundEvidence } from '@tallystick/protocol';
import { CONTRIB, type Contrib } from '@tallystick/record';
import type { CoordinatorApi, RunSource } from '@tallystick/site';

/** Times in a row that a download may break off without a new byte. */
const MAX_FRUITLESS = 4;

/** RunSource over the REST API of the coordinator of the moment, with the session token of the moment. */
export class HttpSource implements RunSource {
  readonly #api: () => CoordinatorApi;

  constructor(api: () => CoordinatorApi) {
    this.#api = api;
  }

  async spec(id: Hash, signal: AbortSignal): Promise<string> {
    const bytes = await this.#download(`specs/${id}`, LIMITS.maxRunSpecBytes, signal);
    return bytes.toString('utf8');
  }

  model(id: Hash, signal: AbortSignal): Promise<Uint8Array> {
    return this.#download(`models/${id}`, LIMITS.maxModelBytes, signal);
  }

  async headers(run: RunId, from: number, signal: AbortSignal): Promise<readonly string[]> {
    const query = `from=${from}&limit=${LIMITS.maxPageHeaders}`;
    return (await this.#api().get(HeaderList, `runs/${run}/headers?${query}`, signal)).headers;
  }

  async leaves(run: RunId, round: number, signal: AbortSignal): Promise<readonly Contrib[]> {
    const path = `runs/${run}/rounds/${round}/evidence`;
    const bytes = fromHex((await this.#api().get(RoundEvidence, path, signal)).leaves);
    return Array.from({ length: Math.ceil(bytes.length / CONTRIB.size) }, (_, i) =>
      CONTRIB.decode(bytes.subarray(i * CONTRIB.size, (i + 1) * CONTRIB.size)),
    );
  }

  /** A broken download goes on where it stopped, as long as that brings new bytes. */
  async #download(path: string, limit: number, signal: AbortSignal): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    let offset = 0;
    const take = (piece: Uint8Array): void => {
      pieces.push(piece);
      offset += piece.length;
    };
    for (let fruitless = 0; ;) {
      const before = offset;
      try {
        await this.#api().download({ path, offset, maxBytes: limit - offset }, take, signal);
        return Buffer.concat(pieces);
      } catch (error) {
        signal.throwIfAborted();
        fruitless = offset > before ? 0 : fruitless + 1;
        if (fruitless === MAX_FRUITLESS || !mayResume(error)) throw error;
      }
    }
  }
}

/** The way broke, not the request. */
function mayResume(error: unknown): boolean {
  return isTallyError(error, 'NET_UNREACHABLE') || isTallyError(error, 'NET_TIMEOUT');
}
