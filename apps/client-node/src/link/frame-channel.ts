import { type Clock, TallyError } from '@tallystick/kernel';
import {
  type CoordinatorHead,
  decodeCoordinatorFrame,
  encodeFrame,
  type Frame,
  LIMITS,
  type NodeHead,
} from '@tallystick/protocol';
import { dial, type Way } from '@tallystick/site';
import { type RawData, WebSocket } from 'ws';
import { remoteError } from './remote-error.js';

const SUBPROTOCOL = 'tally.v1';
const MAX_MESSAGE_BYTES = 4 + LIMITS.maxHeadBytes + LIMITS.chunkBytes;
const CONNECT_TIMEOUT_MS = 10_000;
/** Reading stops while this many frames wait, and goes on when half of them are handled. */
const MAX_INBOX = 64;
/** How long the other side may take to answer a close. */
const CLOSE_TIMEOUT_MS = 1_000;

export type CoordinatorFrame = Frame<CoordinatorHead>;

interface Reader {
  readonly resolve: (frame: CoordinatorFrame) => void;
  readonly reject: (error: TallyError) => void;
}

/**
 * Frames over one WebSocket to a coordinator. The inbox is bounded by not reading. What ends it ends it once, with a
 * reason: `next` and `send` then reject with that TallyError.
 */
export class FrameChannel {
  /** The address of the socket. */
  readonly url: string;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #inbox: CoordinatorFrame[] = [];
  #onEnd: readonly ((error: TallyError) => void)[] = [];
  #end: TallyError | undefined;
  #reader: Reader | undefined;
  #heard: () => void = () => undefined;

  private constructor(url: string, socket: WebSocket, clock: Clock) {
    this.url = url;
    this.#socket = socket;
    this.#clock = clock;
    socket.on('message', (data, isBinary) => this.#message(data, isBinary));
    socket.on('ping', () => this.#heard());
    socket.on('pong', () => this.#heard());
    socket.on('error', (error) => this.#finish(closed(url, error.message)));
    socket.on('close', (code, reason) => this.#finish(closedBy(url, code, reason)));
  }

  /** Connects. Rejects with NET_UNREACHABLE, what `dial` rejects with, or the reason of `signal`. */
  static async open(
    url: string,
    { way, clock }: { readonly way: Way; readonly clock: Clock },
    signal: AbortSignal,
  ): Promise<FrameChannel> {
    signal.throwIfAborted();
    const connection = await dial(url, way, { clock, signal });
    const socket = new WebSocket(url, [SUBPROTOCOL], {
      createConnection: () => connection,
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
      handshakeTimeout: CONNECT_TIMEOUT_MS,
      followRedirects: false,
    });
    const channel = new FrameChannel(url, socket, clock);
    return new Promise((resolve, reject) => {
      const stop = (): void => channel.terminate(abortReason(signal));
      signal.addEventListener('abort', stop, { once: true });
      channel.onEnd((error) => {
        signal.removeEventListener('abort', stop);
        const { reason } = error.meta;
        reject(
          error.code === 'NET_CLOSED'
            ? new TallyError('NET_UNREACHABLE', { url, reason: String(reason) })
            : error,
        );
      });
      socket.once('open', () => resolve(channel));
    });
  }

  /** Calls back once when it ends, at once when it has. */
  onEnd(callback: (error: TallyError) => void): void {
    if (this.#end === undefined) this.#onEnd = [...this.#onEnd, callback];
    else callback(this.#end);
  }

  /** The next frame. One caller at a time. */
  next(): Promise<CoordinatorFrame> {
    const frame = this.#inbox.shift();
    if (frame !== undefined) {
      if (this.#inbox.length <= MAX_INBOX / 2) this.#socket.resume();
      return Promise.resolve(frame);
    }
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  /** Resolves when the message has left for the operating system. */
  send(head: NodeHead, payload?: Uint8Array): Promise<void> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    const bytes = encodeFrame(head, payload);
    return new Promise((resolve, reject) => {
      this.#socket.send(bytes, (error) => {
        if (error) reject(this.#end ?? closed(this.url, error.message));
        else resolve();
      });
    });
  }

  /** Calls back at every sign of life of the peer; one caller. */
  onHeard(callback: () => void): void {
    this.#heard = callback;
  }

  /** Asks for a sign of life. */
  ping(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
  }

  /** Closes politely; the channel has ended when this returns. */
  close(code: number, reason: TallyError): void {
    if (this.#end !== undefined) return;
    this.#socket.close(code, reason.code);
    const timer = this.#clock.after(CLOSE_TIMEOUT_MS, () => this.#socket.terminate());
    this.#socket.once('close', () => timer.cancel());
    this.#socket.resume();
    this.#finish(reason);
  }

  /** Cuts the connection. */
  terminate(reason: TallyError): void {
    this.#finish(reason);
    this.#socket.terminate();
  }

  #message(data: RawData, isBinary: boolean): void {
    if (this.#end !== undefined) return;
    this.#heard();
    const bytes = isBinary ? bytesOf(data) : undefined;
    if (bytes === undefined) {
      return this.terminate(new TallyError('PROTO_MALFORMED', { reason: 'it is text' }));
    }
    const decoded = decodeCoordinatorFrame(bytes, LIMITS.chunkBytes);
    if (!decoded.ok) return this.terminate(decoded.error);
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader !== undefined) return reader.resolve(decoded.frame);
    this.#inbox.push(decoded.frame);
    if (this.#inbox.length >= MAX_INBOX) this.#socket.pause();
  }

  #finish(reason: TallyError): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    this.#reader?.reject(reason);
    this.#reader = undefined;
    for (const callback of this.#onEnd) callback(reason);
    this.#onEnd = [];
  }
}

function closed(what: string, reason: string): TallyError {
  return new TallyError('NET_CLOSED', { what, reason: reason || 'no reason given' });
}

/** Our peers close with a code of the catalogue as the reason. */
function closedBy(url: string, code: number, reason: Buffer): TallyError {
  const text = reason.toString('utf8');
  const message = text === '' ? `close code ${code}` : `close code ${code}, ${text}`;
  const error = remoteError({ code: text, message });
  return error.code === 'NET_CLOSED' ? closed(url, message) : error;
}

/** Why an AbortSignal was aborted, as an error that a channel can end with. */
export function abortReason(signal: AbortSignal): TallyError {
  const reason: unknown = signal.reason;
  if (reason instanceof TallyError) return reason;
  return closed('the coordinator', 'this node is stopping');
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
