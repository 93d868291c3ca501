import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { FsBlobStore } from '@tallystick/blobs';
import { type Hash, TallyError } from '@tallystick/kernel';
import { wantedRange } from './wanted-range.js';

/** Downloads at once; more are told to come back. */
const MAX_DOWNLOADS = 1_024;
/** Downloads at once that read from disk, 64 KiB each; the rest share one buffer. */
const MAX_STREAMS = 64;
/** A blob up to this size is kept while it is the one that everybody asks for: the model of the round. */
const MAX_HOT_BYTES = 4 * 2 ** 20;
/** Bytes per turn of the event loop: it is the yield between them that keeps the loop free. */
const PIECE_BYTES = 65_536;
/** A download that moves no byte for this long is cut. */
const STALLED_MS = 30_000;

type Blobs = Pick<FsBlobStore, 'size' | 'readStream' | 'get'>;

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface Part {
  readonly start: number;
  /** One past the last byte. */
  readonly end: number;
}

/** A blob that somebody asks for: what one of them had to read, all of them have. */
interface AskedBlob {
  readonly id: Hash;
  readonly size: Promise<number>;
  /** Once it was read, if it is small enough. */
  bytes: Promise<Uint8Array> | undefined;
}

/** Sends blobs: a hash is its ETag, it never changes, and a broken download goes on where it stopped. */
export class Downloads {
  readonly #blobs: Blobs;
  #all = 0;
  #streams = 0;
  /** The blob asked for last. */
  #hot: AskedBlob | undefined;

  constructor(blobs: Blobs) {
    this.#blobs = blobs;
  }

  /** Rejects with STORE_BLOB_MISSING, or NET_BUSY when too many are under way. */
  async send(id: Hash, exchange: Exchange): Promise<void> {
    const blob = this.#ask(id);
    const size = await blob.size;
    const part = answerHead({ id, size }, exchange);
    if (part === undefined) return;
    const { response } = exchange;
    response.setTimeout(STALLED_MS, () => response.destroy());
    const isKept = blob.bytes !== undefined || size <= PIECE_BYTES;
    if (isKept && part.end - part.start <= PIECE_BYTES) {
      const bytes = await this.#read(blob);
      response.end(bytes.subarray(part.start, part.end)); // head and body in one write
      return;
    }
    const release = this.#enter(size);
    try {
      await write(this.#pieces(part, blob), response);
    } finally {
      release();
    }
  }

  #ask(id: Hash): AskedBlob {
    if (this.#hot?.id === id) return this.#hot;
    const blob: AskedBlob = { id, size: this.#blobs.size(id), bytes: undefined };
    blob.size.catch(() => this.#forget(blob)); // what is missing may come
    this.#hot = blob;
    return blob;
  }

  #read(blob: AskedBlob): Promise<Uint8Array> {
    if (blob.bytes !== undefined) return blob.bytes;
    const bytes = this.#blobs.get(blob.id);
    bytes.catch(() => this.#forget(blob)); // what is damaged may heal
    blob.bytes = bytes;
    return bytes;
  }

  #forget(blob: AskedBlob): void {
    if (this.#hot === blob) this.#hot = undefined;
  }

  #enter(size: number): () => void {
    const isStream = size > MAX_HOT_BYTES;
    const limit = isStream ? MAX_STREAMS : MAX_DOWNLOADS;
    if ((isStream ? this.#streams : this.#all) >= limit) {
      throw new TallyError('NET_BUSY', { what: 'downloads', limit });
    }
    this.#all++;
    if (isStream) this.#streams++;
    return () => {
      this.#all--;
      if (isStream) this.#streams--;
    };
  }

  async *#pieces({ start, end }: Part, blob: AskedBlob): AsyncGenerator<Uint8Array> {
    if ((await blob.size) > MAX_HOT_BYTES) {
      yield* this.#blobs.readStream(blob.id, { start, end });
      return;
    }
    const all = await this.#read(blob);
    for (let at = start; at < end; at += PIECE_BYTES) {
      yield all.subarray(at, Math.min(at + PIECE_BYTES, end));
    }
  }
}

/** Answers what needs no bytes; else sets the head and gives the part that is wanted. */
function answerHead(
  { id, size }: { readonly id: Hash; readonly size: number },
  { request, response }: Exchange,
): Part | undefined {
  const etag = `"${id}"`;
  response.setHeader('etag', etag);
  response.setHeader('cache-control', 'private, max-age=31536000, immutable');
  response.setHeader('accept-ranges', 'bytes');
  if (request.headers['if-none-match'] === etag) return finish(response, 304);
  const ifRange = request.headers['if-range'];
  const isSame = ifRange === undefined || ifRange === etag;
  const range = isSame ? wantedRange(request.headers.range, size) : undefined;
  if (range === 'unsatisfiable') {
    response.setHeader('content-range', `bytes */${size}`);
    return finish(response, 416);
  }
  const { start, end } = range ?? { start: 0, end: size };
  response.statusCode = range === undefined ? 200 : 206;
  if (range !== undefined) response.setHeader('content-range', `bytes ${start}-${end - 1}/${size}`);
  response.setHeader('content-type', 'application/octet-stream');
  response.setHeader('content-length', end - start);
  if (request.method === 'HEAD' || end === start) return finish(response, response.statusCode);
  return { start, end };
}

function finish(response: ServerResponse, status: number): undefined {
  response.statusCode = status;
  response.end();
}

/** Resolves when all is handed over, or when the other side has left. */
async function write(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  response: ServerResponse,
): Promise<void> {
  // One listener for the whole download: one with a signal for each piece left 12 KB a download to the old generation.
  let wake: () => void = () => undefined;
  const onWake = (): void => wake();
  response.on('drain', onWake).once('close', onWake);
  for await (const piece of pieces) {
    if (response.destroyed) return;
    if (!response.write(piece)) await new Promise<void>((resolve) => (wake = resolve));
    await setImmediate();
  }
  response.end();
}
