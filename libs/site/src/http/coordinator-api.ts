import {
  CATALOGUE,
  type Clock,
  type ErrorCode,
  type ErrorMeta,
  TallyError,
  type Timer,
} from '@tallystick/kernel';
import { linkAborts, systemClock, untilAborted } from '@tallystick/kernel/node';
import { ErrorBody, LIMITS } from '@tallystick/protocol';
import type { z } from 'zod';
import { type Fetch, fetchByWay } from '../way/fetch-by-way.js';
import { STRAIGHT } from '../way/way.js';

export interface CoordinatorApiOptions {
  /** Base address, e.g. `http://127.0.0.1:7700`. */
  readonly url: string;
  /** Bearer token of the moment; none when it returns undefined. */
  readonly token?: () => string | undefined;
  /** By default one that takes the straight way; see `fetchByWay`. */
  readonly fetch?: Fetch;
  /** Longest silence before an answer begins, and between two pieces of its body. Default 30 s. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

interface RequestShape {
  readonly path: string;
  /** By default POST with a body, and GET without. */
  readonly method?: 'PATCH' | 'PUT' | 'DELETE';
  readonly body?: unknown;
  /** First byte that is wanted; the answer must then be a part (206). */
  readonly offset?: number;
  /** Number of the last event that was seen, of a stream of events (HTML Living Standard §9.2.4). */
  readonly lastEventId?: number;
  readonly maxBytes: number;
  /** Gets the body piece by piece. */
  readonly take: (piece: Uint8Array) => void;
}

/** What a download is about. */
export interface DownloadRequest {
  readonly path: string;
  readonly offset: number;
  readonly lastEventId?: number;
  readonly maxBytes: number;
}

/** An error that the coordinator answered with, in its own words. */
class AnsweredError extends TallyError {
  constructor(code: ErrorCode, message: string, meta: ErrorMeta) {
    super(code, meta);
    this.message = printable(message);
  }
}

/**
 * Requests to a coordinator's REST API. Answers are bounded before they are read and never followed elsewhere.
 * Rejects with what `dial` rejects with, NET_UNREACHABLE, NET_TIMEOUT, PROTO_*, or the code the coordinator answered with.
 */
export class CoordinatorApi {
  readonly #base: string;
  readonly #token: () => string | undefined;
  readonly #fetch: Fetch;
  readonly #timeoutMs: number;
  readonly #clock: Clock;

  constructor(options: CoordinatorApiOptions) {
    this.#base = options.url.replace(/\/+$/, '');
    this.#token = options.token ?? (() => undefined);
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#clock = options.clock ?? systemClock;
    this.#fetch = options.fetch ?? fetchByWay(STRAIGHT, this.#clock);
  }

  /** JSON of `GET /api/v1/<path>` by `schema`. */
  get<T>(schema: z.ZodType<T>, path: string, signal: AbortSignal): Promise<T> {
    return this.#json(schema, { path }, signal);
  }

  /** JSON of `POST /api/v1/<path>` by `schema`. */
  post<T>(
    schema: z.ZodType<T>,
    request: { readonly path: string; readonly body: unknown },
    signal: AbortSignal,
  ): Promise<T> {
    return this.#json(schema, request, signal);
  }

  /** JSON of `PATCH /api/v1/<path>` by `schema`. */
  patch<T>(
    schema: z.ZodType<T>,
    request: { readonly path: string; readonly body: unknown },
    signal: AbortSignal,
  ): Promise<T> {
    return this.#json(schema, { ...request, method: 'PATCH' }, signal);
  }

  /** `PUT /api/v1/<path>`; the answer has no body. */
  async put(path: string, body: unknown, signal: AbortSignal): Promise<void> {
    const request = { path, body, method: 'PUT', take: () => undefined, maxBytes: 0 } as const;
    await this.#send(request, signal);
  }

  /** `DELETE /api/v1/<path>`; the answer has no body. */
  async delete(path: string, signal: AbortSignal): Promise<void> {
    await this.#send({ path, method: 'DELETE', take: () => undefined, maxBytes: 0 }, signal);
  }

  /**
   * Bytes of `GET /api/v1/<path>` from `offset` on. When it rejects, `take` has got what came until then, so that the
   * caller can go on from there.
   */
  async download(
    request: DownloadRequest,
    take: (piece: Uint8Array) => void,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#send({ ...request, take }, signal);
  }

  async #json<T>(
    schema: z.ZodType<T>,
    request: Pick<RequestShape, 'path' | 'body' | 'method'>,
    signal: AbortSignal,
  ): Promise<T> {
    const pieces: Uint8Array[] = [];
    const take = (piece: Uint8Array): void => void pieces.push(piece);
    await this.#send({ ...request, take, maxBytes: LIMITS.maxRestBodyBytes }, signal);
    return this.#parse(schema, request.path, Buffer.concat(pieces));
  }

  async #send(request: RequestShape, caller: AbortSignal): Promise<void> {
    const url = `${this.#base}/api/v1/${request.path}`;
    const quiet = new AbortController();
    const watch = new Watchdog(this.#clock, this.#timeoutMs, () => {
      quiet.abort(new TallyError('NET_TIMEOUT', { what: url, timeoutMs: this.#timeoutMs }));
    });
    const aborts = linkAborts(caller, quiet.signal);
    try {
      const { signal } = aborts;
      const response = await untilAborted(this.#fetch(url, this.#init(request, signal)), signal);
      watch.feed();
      if (!response.ok) throw await refusalOf(response, { url, watch, signal });
      if ((request.offset ?? 0) > 0 && response.status !== 206) {
        const reason = `HTTP ${response.status} where a part was asked for`;
        throw new TallyError('NET_UNREACHABLE', { url, reason });
      }
      await readBody(response, {
        what: url,
        limit: request.maxBytes,
        watch,
        signal,
        take: request.take,
      });
    } catch (error) {
      caller.throwIfAborted();
      quiet.signal.throwIfAborted();
      if (error instanceof TallyError) throw error;
      if (error instanceof Error && error.cause instanceof TallyError) throw error.cause; // of `dial`
      throw new TallyError('NET_UNREACHABLE', { url, reason: reasonOf(error) }, error);
    } finally {
      watch.stop();
      aborts.release();
    }
  }

  #init({ body, method, offset = 0, lastEventId }: RequestShape, signal: AbortSignal): RequestInit {
    const token = this.#token();
    return {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      redirect: 'error',
      signal,
      headers: {
        ...(offset === 0 ? {} : { range: `bytes=${offset}-` }),
        ...(lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
  }

  #parse<T>(schema: z.ZodType<T>, path: string, bytes: Uint8Array): T {
    const parsed = schema.safeParse(jsonOf(bytes));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const where = issue?.path.join('.') ?? '';
    const reason = `the answer of ${path}: ${where} ${issue?.message ?? ''}`.trim();
    throw new TallyError('PROTO_MALFORMED', { reason });
  }
}

/** Calls `onQuiet` once when it was not fed for `timeoutMs`. */
class Watchdog {
  readonly #arm: () => Timer;
  #timer: Timer;

  constructor(clock: Clock, timeoutMs: number, onQuiet: () => void) {
    this.#arm = () => clock.after(timeoutMs, onQuiet);
    this.#timer = this.#arm();
  }

  feed(): void {
    this.#timer.cancel();
    this.#timer = this.#arm();
  }

  stop(): void {
    this.#timer.cancel();
  }
}

interface Reading {
  readonly what: string;
  readonly limit: number;
  readonly watch: Watchdog;
  /** Ends the reading, whatever the body's own stream makes of it. */
  readonly signal: AbortSignal;
  readonly take: (piece: Uint8Array) => void;
}

async function readBody(response: Response, reading: Reading): Promise<void> {
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
  if (reader === undefined) return;
  const stop = (): void => void reader.cancel().catch(() => undefined); // a pending read ends
  reading.signal.addEventListener('abort', stop, { once: true });
  try {
    await readPieces(reader, reading);
    reading.signal.throwIfAborted();
  } finally {
    reading.signal.removeEventListener('abort', stop);
  }
}

async function readPieces(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  { what, limit, watch, take }: Reading,
): Promise<void> {
  for (let bytes = 0; ;) {
    const piece = await reader.read();
    if (piece.done) return;
    watch.feed();
    bytes += piece.value.length;
    if (bytes > limit) {
      await reader.cancel();
      throw new TallyError('PROTO_TOO_LARGE', { what: `the answer of ${what}`, bytes, limit });
    }
    take(piece.value);
  }
}

async function refusalOf(
  response: Response,
  { url, watch, signal }: { readonly url: string } & Pick<Reading, 'watch' | 'signal'>,
): Promise<TallyError> {
  const pieces: Uint8Array[] = [];
  const take = (piece: Uint8Array): void => void pieces.push(piece);
  await readBody(response, { what: url, limit: LIMITS.maxRestBodyBytes, watch, signal, take });
  const parsed = ErrorBody.safeParse(jsonOf(Buffer.concat(pieces)));
  const { status } = response;
  if (!parsed.success) return new TallyError('NET_UNREACHABLE', { url, reason: `HTTP ${status}` });
  const { code, message } = parsed.data.error;
  if (isErrorCode(code)) return new AnsweredError(code, message, patienceOf(response));
  const reason = printable(`HTTP ${status}: ${message}`);
  return new TallyError('NET_UNREACHABLE', { url, reason });
}

/** What `Retry-After` asks for, as meta `retryAfterMs`; at most a minute. */
function patienceOf({ headers }: Response): ErrorMeta {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return seconds >= 0 ? { retryAfterMs: Math.min(60, seconds) * 1_000 } : {};
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(CATALOGUE, code);
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Text from the network for a terminal: no control characters, at most 500 characters. */
function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').slice(0, 500);
}

/** `fetch` hides what happened in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof AggregateError) return cause.errors.map(reasonOf).join('; ');
  return cause instanceof Error ? cause.message : error.message;
}
