import type { Logger } from '@tallystick/kernel';
import { authorMethods } from './author-methods.js';
import { chainMethods } from './chain-methods.js';
import {
  INVALID_PARAMS,
  INVALID_REQUEST,
  METHOD_NOT_FOUND,
  PARSE_ERROR,
  RpcError,
  toRpcError,
} from './rpc-error.js';
import type { RpcContext, RpcMethods } from './rpc-method.js';
import { RpcParams } from './rpc-params.js';
import { stateMethods } from './state-methods.js';
import { type Subscription, subscriptions, UNSUBSCRIBE } from './subscriptions.js';
import { systemMethods } from './system-methods.js';

/** Everything a caller can reach; made once per server. */
export interface RpcCatalogue extends RpcContext {
  readonly methods: RpcMethods;
  readonly subscriptions: Readonly<Record<string, Subscription>>;
  readonly logger: Logger | undefined;
}

export function rpcCatalogue(context: RpcContext, logger?: Logger): RpcCatalogue {
  const kinds = subscriptions(context);
  const methods: RpcMethods = {
    ...systemMethods(context),
    ...chainMethods(context),
    ...stateMethods(context),
    ...authorMethods(context),
    rpc_methods: () => ({
      methods: [...Object.keys(methods), ...Object.keys(kinds), ...UNSUBSCRIBE].sort(),
    }),
  };
  return { ...context, methods, subscriptions: kinds, logger };
}

/** One caller: answers messages and, given a way to push, keeps subscriptions. */
export class RpcSession {
  readonly #catalogue: RpcCatalogue;
  readonly #push: ((text: string) => void) | undefined;
  readonly #running = new Map<string, () => void>();
  /** Notifications of subscriptions whose id the caller does not know yet. */
  #held: string[] | undefined;
  #lastId = 0;

  constructor(catalogue: RpcCatalogue, push?: (text: string) => void) {
    this.#catalogue = catalogue;
    this.#push = push;
  }

  /** Answers one message and lets notifications follow. Not to be called again before it resolved. */
  async handle(message: string): Promise<void> {
    this.#held = [];
    const reply = await this.answer(message);
    const held = this.#held;
    this.#held = undefined;
    if (reply !== undefined) this.#push?.(reply);
    for (const text of held) this.#push?.(text);
  }

  /** The reply to a message, a request or a batch; undefined when it asks for none. */
  async answer(message: string): Promise<string | undefined> {
    const request = parse(message);
    if (request instanceof RpcError) return JSON.stringify(failure(null, request));
    if (!Array.isArray(request)) return text(await this.#one(request));
    const batch: readonly unknown[] = request;
    if (batch.length === 0 || batch.length > this.#catalogue.limits.maxBatch) {
      const error = new RpcError(
        INVALID_REQUEST,
        `a batch has 1 to ${this.#catalogue.limits.maxBatch} requests`,
      );
      return JSON.stringify(failure(null, error));
    }
    const replies: unknown[] = [];
    for (const item of batch) {
      const reply = await this.#one(item);
      if (reply !== undefined) replies.push(reply);
    }
    return replies.length === 0 ? undefined : JSON.stringify(replies);
  }

  /** Ends all subscriptions. */
  close(): void {
    for (const stop of this.#running.values()) stop();
    this.#running.clear();
  }

  async #one(request: unknown): Promise<unknown> {
    if (typeof request !== 'object' || request === null || !('method' in request)) {
      return failure(null, new RpcError(INVALID_REQUEST, 'not a JSON-RPC request'));
    }
    const id = 'id' in request ? request.id : undefined;
    const params = 'params' in request ? request.params : undefined;
    try {
      const result = await this.#call(request.method, new RpcParams(params));
      return id === undefined ? undefined : { jsonrpc: '2.0', id, result };
    } catch (error) {
      const told = toRpcError(error);
      if (told.message === 'Internal error') this.#logUnexpected(request.method, error);
      return id === undefined ? undefined : failure(id, told);
    }
  }

  async #call(method: unknown, params: RpcParams): Promise<unknown> {
    const { methods, subscriptions: kinds } = this.#catalogue;
    if (typeof method !== 'string') throw new RpcError(INVALID_REQUEST, 'method must be a text');
    if (Object.hasOwn(methods, method)) return methods[method]?.(params);
    const kind = Object.hasOwn(kinds, method) ? kinds[method] : undefined;
    if (kind !== undefined) return this.#subscribe(kind, params);
    if (UNSUBSCRIBE.has(method)) return this.#unsubscribe(params.text(0));
    throw new RpcError(METHOD_NOT_FOUND, 'Method not found');
  }

  async #subscribe(kind: Subscription, params: RpcParams): Promise<string> {
    const { maxSubscriptions } = this.#catalogue.limits;
    if (this.#push === undefined) {
      throw new RpcError(INVALID_REQUEST, 'subscriptions need a WebSocket connection');
    }
    if (this.#running.size >= maxSubscriptions) {
      throw new RpcError(INVALID_PARAMS, `at most ${maxSubscriptions} subscriptions a connection`);
    }
    this.#lastId += 1;
    const subscription = `s${this.#lastId}`;
    const { notification: method } = kind;
    const push = (result: unknown): void =>
      this.#notify({ jsonrpc: '2.0', method, params: { subscription, result } });
    const stop = await kind.open(params, push, () => this.#unsubscribe(subscription));
    this.#running.set(subscription, stop);
    return subscription;
  }

  #unsubscribe(id: string): boolean {
    const stop = this.#running.get(id);
    stop?.();
    return this.#running.delete(id);
  }

  #notify(notification: unknown): void {
    const message = JSON.stringify(notification);
    if (this.#held === undefined) this.#push?.(message);
    else this.#held.push(message);
  }

  #logUnexpected(method: unknown, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#catalogue.logger?.error('chain.rpc.failed', { method: String(method), reason });
  }
}

function parse(message: string): unknown {
  try {
    const value: unknown = JSON.parse(message);
    return value;
  } catch {
    return new RpcError(PARSE_ERROR, 'Parse error');
  }
}

function text(reply: unknown): string | undefined {
  return reply === undefined ? undefined : JSON.stringify(reply);
}

function failure(id: unknown, { code, data, message }: RpcError): unknown {
  const error = data === undefined ? { code, message } : { code, message, data };
  return { jsonrpc: '2.0', id, error };
}
