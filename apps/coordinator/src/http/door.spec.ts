import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { isTallyError } from '@tallystick/kernel';
import { describe, expect, it } from 'vitest';
import { clientAddress } from '../client-address.js';
import { Door } from './door.js';

const PUBLIC = 'https://coordinator.example';
const PEER = '203.0.113.7';

interface Asked {
  readonly host?: string;
  readonly url?: string;
  readonly from?: string;
  readonly proto?: string;
  readonly by?: string;
}

function request({ host = 'coordinator.example', url = '/api/v1/runs', ...more }: Asked) {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: more.from ?? PEER });
  const message = new IncomingMessage(socket);
  message.url = url;
  message.headers = {
    host,
    ...(more.proto === undefined ? {} : { 'x-forwarded-proto': more.proto }),
    ...(more.by === undefined ? {} : { 'x-forwarded-for': more.by }),
  };
  return message;
}

/** `ok`, or the code of the refusal; and whose request it is taken for. */
function judge(asked: Asked, isBehindProxy: boolean): readonly [string, string] {
  const message = request(asked);
  try {
    new Door({ publicUrl: PUBLIC, isBehindProxy }).admit(message);
    return ['ok', clientAddress(message)];
  } catch (error) {
    if (!isTallyError(error)) throw error;
    return [error.code, clientAddress(message)];
  }
}

describe('Door', () => {
  it.each([
    ['the public name', 'coordinator.example', 'ok'],
    ['the public name with a port', 'coordinator.example:7700', 'ok'],
    ['an address', '10.0.0.5:7700', 'ok'],
    ['an IPv6 address', '[fe80::1]:7700', 'ok'],
    ['localhost', 'localhost:7700', 'ok'],
    ['a name that was rebound', 'evil.example', 'AUTH_HOST'],
    ['a name below ours', 'x.coordinator.example', 'AUTH_HOST'],
    ['a name that begins like ours', 'coordinator.example.evil.example', 'AUTH_HOST'],
    ['a name with somebody before it', 'coordinator.example@evil.example', 'AUTH_HOST'],
    ['ours as somebody’s name', 'evil@coordinator.example', 'AUTH_HOST'],
    ['a path', 'coordinator.example/x', 'AUTH_HOST'],
    ['no name', '', 'AUTH_HOST'],
    ['two names', 'coordinator.example, evil.example', 'AUTH_HOST'],
  ])('hears %s: %s → %s', (_what, host, outcome) => {
    expect(judge({ host }, false)[0]).toBe(outcome);
  });

  it('answers probes under any name', () => {
    for (const url of ['/health', '/ready', '/metrics?x=1']) {
      expect(judge({ url, host: 'pod-17' }, true)[0]).toBe('ok');
    }
    expect(judge({ url: '/metrics/../api/v1/runs', host: 'pod-17' }, true)[0]).toBe('AUTH_HOST');
  });

  it('believes no word of a proxy that is not there', () => {
    expect(judge({ proto: 'https', by: '198.51.100.1' }, false)).toEqual(['ok', PEER]);
    expect(judge({ proto: 'http', by: '198.51.100.1' }, false)).toEqual(['ok', PEER]);
  });

  it.each<[string, Asked, string, string]>([
    ['takes the proxy’s word', { proto: 'https', by: '198.51.100.1' }, 'ok', '198.51.100.1'],
    [
      'takes the last word, not what the client wrote before it',
      { proto: 'http, https', by: '10.0.0.1, 198.51.100.1' },
      'ok',
      '198.51.100.1',
    ],
    ['keeps the peer where no address is told', { proto: 'https', by: 'unknown' }, 'ok', PEER],
    [
      'refuses what came over plain HTTP',
      { proto: 'http', by: '198.51.100.1' },
      'AUTH_PLAIN_HTTP',
      PEER,
    ],
    [
      'refuses a client that says https before the proxy',
      { proto: 'https, http' },
      'AUTH_PLAIN_HTTP',
      PEER,
    ],
    ['refuses a request whose headers were stripped', {}, 'AUTH_PLAIN_HTTP', PEER],
    ['refuses half of the headers', { by: '198.51.100.1' }, 'AUTH_PLAIN_HTTP', PEER],
    [
      'lets the operator of this machine in',
      { from: '127.0.0.1', host: 'localhost' },
      'ok',
      '127.0.0.1',
    ],
    [
      'refuses a local proxy that tells plain HTTP',
      { from: '127.0.0.1', proto: 'http' },
      'AUTH_PLAIN_HTTP',
      '127.0.0.1',
    ],
    ['still checks the name', { proto: 'https', host: 'evil.example' }, 'AUTH_HOST', PEER],
  ])('behind a proxy it %s', (_what, asked, outcome, address) => {
    expect(judge(asked, true)).toEqual([outcome, address]);
  });
});
