import {
  type Clock,
  fromHex,
  type Hash,
  isTallyError,
  type RunId,
  sleep,
} from '@tallystick/kernel';
import { HeaderList, LIMITS, RoundEvidence, VoidList } from '@tallystick/protocol';
import { CONTRIB, decodeRecords, EXCLUDE } from '@tallystick/record';
import type { VoidSpan } from '@tallystick/rounds';
import type { CoordinatorApi, RoundContents, RunSource } from '@tallystick/site';
import type { BackOff } from './link/back-off.js';

/** Times in a row that a download may break off without a new byte. */
const MAX_FRUITLESS = 4;
/** Times that a busy coordinator is asked again: minutes, if the round lasts as long. */
const MAX_BUSY = 60;

export interface HttpSourceDeps {
  /** Of the coordinator of the moment. */
  readonly api: () => CoordinatorApi;
  readonly clock: Clock;
  readonly backOff: () => BackOff;
}

/** RunSource over the REST API of the coordinator of the moment, with the session token of the moment. */
export class HttpSource implements RunSource {
  readonly #deps: HttpSourceDeps;

  constructor(deps: HttpSourceDeps) {
    this.#deps = deps;
  }

  async spec(id: Hash, signal: AbortSignal): Promise<string> {
    const bytes = await this.#download(`specs/${id}`, LIMITS.maxRunSpecBytes, signal);
    return bytes.toString('utf8');
  }

  model(id: Hash, signal: AbortSignal): Promise<Uint8Array> {
    return this.#download(`models/${id}`, LIMITS.maxModelBytes, signal);
  }

  state(id: Hash, signal: AbortSignal): Promise<Uint8Array> {
    return this.#download(`states/${id}`, LIMITS.maxModelBytes, signal);
  }

  async headers(run: RunId, from: number, signal: AbortSignal): Promise<readonly string[]> {
    const query = `from=${from}&limit=${LIMITS.maxPageHeaders}`;
    return (await this.#deps.api().get(HeaderList, `runs/${run}/headers?${query}`, signal)).headers;
  }

  async voids(run: RunId, signal: AbortSignal): Promise<readonly VoidSpan[]> {
    return (await this.#deps.api().get(VoidList, `runs/${run}/voids`, signal)).voids;
  }

  async contents(run: RunId, round: number, signal: AbortSignal): Promise<RoundContents> {
    const path = `runs/${run}/rounds/${round}/evidence`;
    const evidence = await this.#deps.api().get(RoundEvidence, path, signal);
    return {
      leaves: decodeRecords(CONTRIB, fromHex(evidence.leaves)),
      excluded: decodeRecords(EXCLUDE, fromHex(evidence.excluded)),
    };
  }

  /**
   * A broken download goes on where it stopped, as long as that brings new bytes; a busy coordinator is asked again
   * when it says, or later, so that those it sends away do not come back together.
   */
  async #download(path: string, limit: number, signal: AbortSignal): Promise<Buffer> {
    const backOff = this.#deps.backOff();
    let busy = 0;
    const pieces: Uint8Array[] = [];
    let offset = 0;
    const take = (piece: Uint8Array): void => {
      pieces.push(piece);
      offset += piece.length;
    };
    for (let fruitless = 0; ;) {
      const before = offset;
      try {
        await this.#deps.api().download({ path, offset, maxBytes: limit - offset }, take, signal);
        return Buffer.concat(pieces);
      } catch (error) {
        signal.throwIfAborted();
        if (isTallyError(error, 'NET_BUSY') && busy++ < MAX_BUSY) {
          const waitMs = Math.max(Number(error.meta['retryAfterMs'] ?? 0), backOff.next());
          await sleep(this.#deps.clock, waitMs, signal);
          signal.throwIfAborted();
          continue;
        }
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
