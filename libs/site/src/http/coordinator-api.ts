import { CATALOGUE, type Clock, type ErrorCode, TallyError, type Timer } from '@tallystick/kernel';
import { systemClock } from '@tallystick/kernel/node';
import { ErrorBody, LIMITS } from '@tallystick/protocol';
import type { z } from 'zod';

/** `fetch` of the platform, or a test's. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface CoordinatorApiOptions {
  /** Base address, e.g. `http://127.0.0.1:7700`. */
  readonly url: string;
  /** Bearer token of the moment; none when it returns undefined. */
  readonly token?: () => string | undefined;
  readonly fetch?: Fetch;
  /** Longest silence before an answer begins, and between two pieces of its body. Default 30 s. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

interface RequestShape {
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** An error that the coordinator answered with, in its own words. */
class AnsweredError extends TallyError {
  constructor(code: ErrorCode, message: string) {
    super(code);
    this.message = printable(message);
  }
}

/** Bytes of an answer, and whether it was a partial one (206). */
export interface Download {
  readonly bytes: Uint8Array;
  readonly isPartial: boolean;
}

/**
 * Requests to a coordinator's REST API. Answers are bounded before they are read and never followed elsewhere.
 * Rejects with NET_UNREACHABLE, NET_TIMEOUT, PROTO_*, or the code the coordinator answered with.
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
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init));
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#clock = options.clock ?? systemClock;
  }

  /** JSON of `GET /api/v1/<path>` by `schema`. */
  async get<T>(schema: z.ZodType<T>, path: string, signal: AbortSignal): Promise<T> {
    const { bytes } = await this.#send({ path, maxBytes: LIMITS.maxRestBodyBytes, signal });
    return this.#parse(schema, path, bytes);
  }

  /** JSON of `POST /api/v1/<path>` by `schema`. */
  async post<T>(
    schema: z.ZodType<T>,
    request: { readonly path: string; readonly body: unknown },
    signal: AbortSignal,
  ): Promise<T> {
    const { bytes } = await this.#send({ ...request, maxBytes: LIMITS.maxRestBodyBytes, signal });
    return this.#parse(schema, request.path, bytes);
  }

  /** Bytes of `GET /api/v1/<path>` from `offset` on, at most `maxBytes`. */
  download(
    path: string,
    range: { readonly offset: number; readonly maxBytes: number },
    signal: AbortSignal,
  ): Promise<Download> {
    const { offset, maxBytes } = range;
    const headers: Record<string, string> = offset === 0 ? {} : { range: `bytes=${offset}-` };
    return this.#send({ path, headers, maxBytes, signal });
  }

  async #send(request: RequestShape): Promise<Download> {
    const url = `${this.#base}/api/v1/${request.path}`;
    const quiet = new AbortController();
    const watch = new Watchdog(this.#clock, this.#timeoutMs, () => {
      quiet.abort(new TallyError('NET_TIMEOUT', { what: url, timeoutMs: this.#timeoutMs }));
    });
    const signal = AbortSignal.any([request.signal, quiet.signal]);
    try {
      const response = await this.#fetch(url, this.#init(request, signal));
      watch.feed();
      const limit = response.ok ? request.maxBytes : LIMITS.maxRestBodyBytes;
      const bytes = await readBody(response, { url, limit, watch });
      if (!response.ok) throw answered(url, response.status, bytes);
      return { bytes, isPartial: response.status === 206 };
    } catch (error) {
      request.signal.throwIfAborted();
      quiet.signal.throwIfAborted();
      if (error instanceof TallyError) throw error;
      throw new TallyError('NET_UNREACHABLE', { url, reason: reasonOf(error) }, error);
    } finally {
      watch.stop();
    }
  }

  #init({ body, headers }: RequestShape, signal: AbortSignal): RequestInit {
    const token = this.#token();
    return {
      method: body === undefined ? 'GET' : 'POST',
      redirect: 'error',
      signal,
      headers: {
        ...headers,
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

async function readBody(
  response: Response,
  { url, limit, watch }: { url: string; limit: number; watch: Watchdog },
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
  for (;;) {
    const piece = await reader?.read();
    if (piece === undefined || piece.done) return Buffer.concat(pieces);
    watch.feed();
    bytes += piece.value.length;
    if (bytes > limit) {
      await reader?.cancel();
      throw new TallyError('PROTO_TOO_LARGE', { what: `the answer of ${url}`, bytes, limit });
    }
    pieces.push(piece.value);
  }
}

function answered(url: string, status: number, bytes: Uint8Array): TallyError {
  const parsed = ErrorBody.safeParse(jsonOf(bytes));
  if (!parsed.success) return new TallyError('NET_UNREACHABLE', { url, reason: `HTTP ${status}` });
  const { code, message } = parsed.data.error;
  if (isErrorCode(code)) return new AnsweredError(code, message);
  const reason = printable(`HTTP ${status}: ${message}`);
  return new TallyError('NET_UNREACHABLE', { url, reason });
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
