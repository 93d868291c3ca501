import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Logger, TallyError } from '@tallystick/kernel';
import { type WebSocket, WebSocketServer } from 'ws';
import type { EmbeddedChain } from '../embedded-chain.js';
import { isAllowedCaller } from './allowed-caller.js';
import { RPC_LIMITS, type RpcLimits } from './rpc-limits.js';
import { type RpcCatalogue, rpcCatalogue, RpcSession } from './rpc-session.js';

/** Messages of one connection that wait for their turn. */
const MAX_PENDING_MESSAGES = 1024;
const POLICY_VIOLATION = 1008;
const GOING_AWAY = 1001;
const CLOSE_GRACE_MS = 500;
/** For a request to arrive whole over HTTP. */
const REQUEST_TIMEOUT_MS = 10_000;

export interface RpcServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly limits?: Partial<RpcLimits>;
  readonly logger?: Logger;
}

/** A JSON-RPC server that listens. */
export interface RpcServer {
  /** `ws://host:port`; HTTP POST is served at the same place. */
  readonly url: string;
  readonly port: number;
  /** Ends all connections and frees the port. */
  close(): Promise<void>;
}

/**
 * Serves the chain to @polkadot/api, explorers and plain JSON-RPC clients, over WebSocket and HTTP POST. Nothing offered
 * here can change a state but a signed transaction. Pages of other sites may not talk to it (see allowed-caller.ts).
 * Throws CONFIG_PORT_IN_USE.
 */
export async function serveRpc(
  chain: EmbeddedChain,
  options: RpcServerOptions,
): Promise<RpcServer> {
  const limits = { ...RPC_LIMITS, ...options.limits };
  const catalogue = rpcCatalogue({ chain, limits }, options.logger);
  const http = createServer((request, response) => void answerHttp(catalogue, request, response));
  http.maxConnections = 2 * limits.maxConnections;
  http.requestTimeout = REQUEST_TIMEOUT_MS;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.maxMessageBytes,
    perMessageDeflate: false,
  });
  http.on('upgrade', (request, socket, head) => {
    if (!isAllowedCaller(request) || sockets.clients.size >= limits.maxConnections) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => serveSocket(catalogue, ws));
  });
  const port = await listen(http, options);
  return { url: `ws://${options.host}:${port}`, port, close: () => shut(http, sockets) };
}

async function listen(http: Server, { host, port }: RpcServerOptions): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    http.once('error', (error) => reject(portError(error, host, port)));
    http.listen(port, host, resolve);
  });
  const address: AddressInfo | string | null = http.address();
  if (address === null || typeof address === 'string') throw new RangeError('no TCP address');
  return address.port;
}

function portError(error: Error, host: string, port: number): Error {
  if (!('code' in error) || error.code !== 'EADDRINUSE') return error;
  return new TallyError('CONFIG_PORT_IN_USE', { port, host, option: 'TALLY_CHAIN_PORT' }, error);
}

/** One message after the other, in order of arrival; a caller that sends faster than that is cut off. */
function serveSocket(catalogue: RpcCatalogue, ws: WebSocket): void {
  const { maxBufferedBytes } = catalogue.limits;
  const session = new RpcSession(catalogue, (text) => {
    if (ws.bufferedAmount > maxBufferedBytes) ws.close(POLICY_VIOLATION, 'reads too slowly');
    else if (ws.readyState === ws.OPEN) ws.send(text);
  });
  let pending = 0;
  let turn: Promise<void> = Promise.resolve();
  ws.on('message', (data, isBinary) => {
    pending += 1;
    if (isBinary || !Buffer.isBuffer(data) || pending > MAX_PENDING_MESSAGES) {
      ws.close(POLICY_VIOLATION, isBinary ? 'text messages only' : 'too many requests');
      return;
    }
    const message = data.toString('utf8');
    turn = turn
      .then(() => session.handle(message))
      .catch(() => ws.terminate())
      .finally(() => (pending -= 1));
  });
  ws.on('close', () => session.close());
  ws.on('error', () => ws.terminate());
}

async function answerHttp(
  catalogue: RpcCatalogue,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    if (!isAllowedCaller(request)) return end(response, 403, 'this origin may not call');
    if (request.method !== 'POST') return end(response, 405, 'JSON-RPC by POST, or WebSocket');
    const body = await readBody(request, catalogue.limits.maxMessageBytes);
    if (body === undefined) return end(response, 413, 'the request is too large');
    const reply = await new RpcSession(catalogue).answer(body);
    response.setHeader('content-type', 'application/json');
    return end(response, 200, reply ?? '');
  } catch {
    // The caller hung up while sending; nobody is left to be told.
    response.destroy();
  }
}

function end(response: ServerResponse, status: number, body: string): void {
  response.statusCode = status;
  response.end(body);
}

async function readBody(request: IncomingMessage, limit: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes: unknown = chunk;
    if (!Buffer.isBuffer(bytes)) continue;
    size += bytes.length;
    if (size > limit) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Tells every client to go; those that do not answer within half a second are cut off. */
async function shut(http: Server, sockets: WebSocketServer): Promise<void> {
  const closed = new Promise<void>((resolve) => http.close(() => resolve()));
  for (const ws of sockets.clients) ws.close(GOING_AWAY);
  const timer = setTimeout(() => {
    for (const ws of sockets.clients) ws.terminate();
    http.closeAllConnections();
  }, CLOSE_GRACE_MS);
  http.closeIdleConnections();
  await closed;
  clearTimeout(timer);
}
