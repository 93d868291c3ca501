import type { IncomingMessage } from 'node:http';

const ADDRESSES = new WeakMap<IncomingMessage, string>();

/** Says whom a request is from, where that is not whoever opened the connection. */
export function setClientAddress(request: IncomingMessage, address: string): void {
  ADDRESSES.set(request, address);
}

/** Address of whoever sent the request; behind a trusted proxy the one that the proxy tells. */
export function clientAddress(request: IncomingMessage): string {
  return ADDRESSES.get(request) ?? request.socket.remoteAddress ?? '';
}
