import { type Hash, type RunId, TallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import {
  ErrorBody,
  InviteView,
  NodeList,
  RoundEvidence,
  RoundList,
  RunList,
  RunView,
} from '@tallystick/protocol';
import type { z } from 'zod';
import { remoteError } from './remote-error.js';

/** No call of the CLI waits longer for an answer. */
const TIMEOUT_MS = 30_000;

/** The coordinator's REST API (docs: /api/openapi.json). Answers are checked by the schemas the server is built from. */
export class CoordinatorApi {
  readonly url: string;
  readonly #token: string;

  constructor(options: { readonly url: string; readonly token: string }) {
    this.url = options.url.replace(/\/$/, '');
    this.#token = options.token;
  }

  async invite(organisation: string): Promise<InviteView> {
    return this.#json(InviteView, '/invites', { organisation });
  }

  async nodes(): Promise<NodeList['nodes']> {
    return (await this.#json(NodeList, '/nodes')).nodes;
  }

  async launch(spec: string, pot: bigint): Promise<RunView> {
    return this.#json(RunView, '/runs', { spec, pot: pot.toString() });
  }

  async runs(): Promise<RunList['runs']> {
    return (await this.#json(RunList, '/runs')).runs;
  }

  async run(run: RunId): Promise<RunView> {
    return this.#json(RunView, `/runs/${run}`);
  }

  async stop(run: RunId): Promise<RunView> {
    return this.#json(RunView, `/runs/${run}/stop`, {});
  }

  /** Closed rounds, ascending, from `from` on; a page at a time. */
  async rounds(run: RunId, from = 0): Promise<RoundList['rounds']> {
    return (await this.#json(RoundList, `/runs/${run}/rounds?from=${from}`)).rounds;
  }

  async evidence(run: RunId, round: number): Promise<RoundEvidence> {
    return this.#json(RoundEvidence, `/runs/${run}/rounds/${round}/evidence`);
  }

  /** Canonical JSON of a run spec, hash checked. */
  async spec(id: Hash): Promise<string> {
    const text = new TextDecoder().decode(await this.#bytes(`/specs/${id}`));
    return text;
  }

  /** A model, state or update, hash checked. */
  async blob(id: Hash): Promise<Uint8Array> {
    const bytes = await this.#bytes(`/blobs/${id}`);
    const got = sha256(bytes);
    if (got !== id) throw new TallyError('STORE_BLOB_DAMAGED', { sha256: id, got });
    return bytes;
  }

  /** The event stream of a run as raw text chunks; see `sse.ts`. */
  async events(run: RunId, lastId: number, signal: AbortSignal): Promise<Response> {
    const headers = { accept: 'text/event-stream', 'last-event-id': String(lastId) };
    return this.#fetch(`/runs/${run}/events`, { headers, signal });
  }

  async #json<T>(schema: z.ZodType<T>, path: string, body?: unknown): Promise<T> {
    const init = body === undefined ? {} : jsonBody(body);
    const response = await this.#fetch(path, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const parsed = schema.safeParse(await response.json());
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    const reason = `${path}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`;
    throw new TallyError('PROTO_MALFORMED', { reason });
  }

  async #bytes(path: string): Promise<Uint8Array> {
    const response = await this.#fetch(path, { signal: AbortSignal.timeout(10 * TIMEOUT_MS) });
    return new Uint8Array(await response.arrayBuffer());
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const url = `${this.url}/api/v1${path}`;
    const headers = { ...init.headers, authorization: `Bearer ${this.#token}` };
    let response: Response;
    try {
      response = await fetch(url, { ...init, headers });
    } catch (error) {
      throw new TallyError('NET_UNREACHABLE', { url: this.url, reason: reasonOf(error) }, error);
    }
    if (response.ok) return response;
    const body = ErrorBody.safeParse(await response.json().catch(() => undefined));
    throw remoteError(this.url, response.status, body.success ? body.data.error : undefined);
  }
}

function jsonBody(body: unknown): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
