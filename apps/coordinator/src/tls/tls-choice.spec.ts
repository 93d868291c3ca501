import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { addressFor, tlsChoice, tlsFaults, type TlsSettings } from './tls-choice.js';

const AUTO: TlsSettings['tls'] = { mode: 'auto' };
const FILES = { certificate: 'a.pem', key: 'b.pem' };

describe('tlsChoice', () => {
  it.each<[string, TlsSettings, string]>([
    ['plain HTTP on loopback', { host: '127.0.0.1', tls: AUTO }, 'none'],
    ['plain HTTP on loopback, IPv6', { host: '::1', tls: AUTO }, 'none'],
    ['TLS elsewhere', { host: '0.0.0.0', tls: AUTO }, 'own'],
    ['TLS at one address', { host: '10.0.0.5', tls: AUTO }, 'own'],
    ['TLS at a name that only looks like loopback', { host: '127.evil.test', tls: AUTO }, 'own'],
    ['TLS on loopback when told so', { host: '127.0.0.1', tls: { mode: 'on' } }, 'own'],
    ['the files', { host: '127.0.0.1', tls: { mode: 'auto', ...FILES } }, 'files'],
    ['the proxy', { host: '0.0.0.0', tls: { mode: 'proxy' } }, 'proxy'],
  ])('is %s', (_what, settings, kind) => {
    expect(tlsChoice(settings).kind).toBe(kind);
  });

  it('names the public address first, and what this machine calls itself', () => {
    const publicUrl = 'https://coordinator.example:7700';
    expect(tlsChoice({ host: '10.0.0.5', publicUrl, tls: AUTO })).toEqual({
      kind: 'own',
      names: ['coordinator.example', '10.0.0.5', 'localhost', '127.0.0.1'],
    });
    expect(tlsChoice({ host: '::', tls: AUTO })).toEqual({
      kind: 'own',
      names: [hostname(), 'localhost', '127.0.0.1'],
    });
  });
});

describe('tlsFaults', () => {
  const publicUrl = 'https://c.example';
  it.each<[string, TlsSettings, number]>([
    ['nothing said', { host: '127.0.0.1', tls: AUTO }, 0],
    ['a proxy with its address', { host: '0.0.0.0', publicUrl, tls: { mode: 'proxy' } }, 0],
    ['a local proxy without a word', { host: '127.0.0.1', publicUrl, tls: AUTO }, 0],
    ['a proxy without an address', { host: '0.0.0.0', tls: { mode: 'proxy' } }, 1],
    [
      'a proxy at plain HTTP',
      { host: '0.0.0.0', publicUrl: 'http://c.example', tls: { mode: 'proxy' } },
      1,
    ],
    [
      'plain HTTP in invites, TLS at the port',
      { host: '0.0.0.0', publicUrl: 'http://c.example', tls: AUTO },
      1,
    ],
    ['half a pair', { host: '0.0.0.0', tls: { mode: 'auto', key: 'b.pem' } }, 1],
    [
      'a certificate for a proxy',
      { host: '0.0.0.0', publicUrl, tls: { mode: 'proxy', ...FILES } },
      1,
    ],
  ])('%s: %#', (_what, settings, count) => {
    expect(tlsFaults(settings)).toHaveLength(count);
  });
});

it('gives out no wildcard as an address', () => {
  expect(addressFor('https://127.0.0.1:7700', '0.0.0.0')).toBe(
    `https://${hostname()}:7700`.toLowerCase(),
  );
  expect(addressFor('https://10.0.0.5:7700', '10.0.0.5')).toBe('https://10.0.0.5:7700');
});
