import type { EventEmitter } from 'node:events';
import { type Clock, TallyError } from '@tallystick/kernel';
import { LIMITS } from '@tallystick/protocol';
import type { WebSocket } from 'ws';

const { preAuthMs, preAuthBytes } = LIMITS;
/** The limit, and the frame headers and masks on top of it. */
const MAX_WIRE_BYTES = preAuthBytes + 64;

/**
 * The one message a socket may send before it is welcome, within preAuthMs and preAuthBytes; the socket is paused
 * after it. Rejects with NET_TIMEOUT, PROTO_TOO_LARGE or NET_CLOSED.
 *
 * @param place the raw socket below `ws`, and the bytes of it that came with the upgrade
 */
export function firstFrame(
  ws: WebSocket,
  place: { readonly socket: EventEmitter; readonly early: number; readonly clock: Clock },
): Promise<Uint8Array> {
  const { socket, early, clock } = place;
  return new Promise((resolve, reject) => {
    let bytes = 0;
    const done = (): void => {
      timer.cancel();
      socket.off('data', count);
      ws.off('message', take);
      ws.off('close', closed);
    };
    const fail = (error: TallyError): void => {
      done();
      reject(error);
    };
    const count = ({ length }: { readonly length: number }): void => {
      bytes += length;
      if (bytes <= MAX_WIRE_BYTES) return;
      const what = 'what came before the welcome';
      fail(new TallyError('PROTO_TOO_LARGE', { what, bytes, limit: preAuthBytes }));
    };
    const take = (data: WebSocket.RawData): void => {
      done();
      ws.pause();
      resolve(asBytes(data));
    };
    const closed = (): void => fail(new TallyError('NET_CLOSED', { what: 'node', reason: 'left' }));
    const timer = clock.after(preAuthMs, () =>
      fail(new TallyError('NET_TIMEOUT', { what: 'node', timeoutMs: preAuthMs })),
    );
    ws.once('message', take);
    ws.once('close', closed);
    // Before ws reads them, or a message in one packet would be taken before it is counted.
    socket.prependListener('data', count);
    count({ length: early });
  });
}

/** A view of the message; `ws` hands out a buffer that is ours. */
export function asBytes(data: WebSocket.RawData): Uint8Array {
  if (Array.isArray(data)) return new Uint8Array(Buffer.concat(data));
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
