import { type IncomingMessage, request as requestHttp, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { TallyError } from '@tallystick/kernel';
import { proxyName } from './proxy-rule.js';

/**
 * A connection to `host` (`name:port`) through a proxy, by CONNECT (RFC 9110 §9.3.6). Rejects with NET_PROXY_LOGIN
 * or NET_PROXY; `signal` ends the attempt.
 * @param to `url` is what is asked for, in words
 */
export function tunnel(
  proxy: URL,
  { host, url }: { readonly host: string; readonly url: string },
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const options = connectTo(host, proxy, signal);
    const asked = proxy.protocol === 'https:' ? requestHttps(options) : requestHttp(options);
    const refuse = (reason: string, cause?: unknown): void =>
      reject(new TallyError('NET_PROXY', { proxy: proxyName(proxy), url, reason }, cause));
    asked.once('connect', (response, socket, early) => {
      const { statusCode = 0 } = response;
      if (statusCode >= 200 && statusCode < 300 && early.length === 0) return resolve(socket);
      socket.destroy();
      if (statusCode === 407) {
        return reject(new TallyError('NET_PROXY_LOGIN', { proxy: proxyName(proxy) }));
      }
      refuse(early.length > 0 && statusCode < 300 ? 'it speaks by itself' : wordsOf(response));
    });
    asked.once('response', (response) => {
      response.destroy();
      refuse(wordsOf(response));
    });
    asked.once('error', (error) => {
      refuse(error.message, error);
    });
    asked.end();
  });
}

function connectTo(host: string, proxy: URL, signal: AbortSignal): RequestOptions {
  const { hostname, port, protocol, username, password } = proxy;
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    method: 'CONNECT',
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
    path: host,
    headers: {
      host,
      ...(username === ''
        ? {}
        : { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` }),
    },
    agent: false,
    signal,
  };
}

/** What the proxy answered; its words come from the network. */
function wordsOf({ statusCode = 0, statusMessage = '' }: IncomingMessage): string {
  return `it answered ${statusCode} ${statusMessage.replace(/\p{Cc}+/gu, ' ').slice(0, 100)}`.trim();
}
