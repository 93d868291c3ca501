import { asHash, asPublicKey, isTallyError } from '@tallystick/kernel';
import { describe, expect, it } from 'vitest';
import { decodeInviteToken, encodeInviteToken, type InviteToken } from './invite-token.js';

const token: InviteToken = {
  v: 1,
  url: 'https://coordinator.example:7700',
  organisation: 'cleveland',
  secret: 'A'.repeat(42) + '_',
  coordinatorKey: asPublicKey('ab'.repeat(32)),
  genesis: asHash('cd'.repeat(32)),
};
const word = encodeInviteToken(token);

function reasonOf(text: string): unknown {
  try {
    return decodeInviteToken(text);
  } catch (error) {
    return isTallyError(error, 'AUTH_TOKEN_MALFORMED') ? error.meta['reason'] : error;
  }
}

describe('invite token', () => {
  it('is one word that survives white space around it', () => {
    expect(word).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(decodeInviteToken(` ${word}\n`)).toEqual(token);
  });

  it('may name more coordinators', () => {
    const more = { ...token, others: ['https://b.test', 'https://c.test:7700'] };
    expect(decodeInviteToken(encodeInviteToken(more))).toEqual(more);
  });

  it.each([
    ['nothing', '  ', 'it is empty'],
    [
      'its first half',
      word.slice(0, word.length / 2),
      'it is not whole; part of it may be missing',
    ],
    ['its second half', word.slice(word.length / 2), 'it is not whole; part of it may be missing'],
    [
      'a line break inside',
      `${word.slice(0, 9)}\n${word.slice(9)}`,
      'character 10 is not allowed in a token',
    ],
    ['a flood', 'A'.repeat(5000), 'it has 5000 characters'],
    [
      'a plain file address',
      encodeInviteToken({ ...token, url: 'file:///etc' }),
      'url Invalid URL',
    ],
    [
      'a short secret',
      encodeInviteToken({ ...token, secret: 'abc' }),
      'secret must be 43 base64url characters',
    ],
    [
      'a later version',
      encodeInviteToken({ ...token, v: 2 as never }),
      'v Invalid input: expected 1',
    ],
    [
      'more than it may hold',
      encodeInviteToken({ ...token, x: 1 } as never),
      'Unrecognized key: "x"',
    ],
  ])('refuses %s', (_, text, reason) => {
    expect(reasonOf(text)).toBe(reason);
  });

  it('never repeats the secret in its error', () => {
    const broken = encodeInviteToken({ ...token, secret: 'sekrit!' });
    expect(JSON.stringify(reasonOf(broken))).not.toContain('sekrit');
  });
});
