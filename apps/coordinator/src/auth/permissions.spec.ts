import { readFileSync } from 'node:fs';
import { SeededEntropy, VirtualClock } from '@tallystick/kernel/testing';
import { describe, expect, it } from 'vitest';
import { ALL_PERMISSIONS, isPermission, permissionsOf, ROLES } from './permissions.js';
import { RateLimit } from './rate-limit.js';
import { newId, parseToken, tokenText } from './secrets.js';

describe('permissions', () => {
  it('are what docs/access.md says', () => {
    const page = readFileSync(new URL('../../../../docs/access.md', import.meta.url), 'utf8');
    const rows = page
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) =>
        line
          .split('|')
          .slice(1, 6)
          .map((cell) => cell.trim()),
      );
    const wanted = ALL_PERMISSIONS.map((permission) => [
      `\`${permission}\``,
      ...ROLES.map((role) => (permissionsOf(role).has(permission) ? 'yes' : '')),
    ]);
    expect(rows).toEqual(wanted);
  });

  it('are no names that every object has', () => {
    for (const name of ['__proto__', 'constructor', 'toString', '']) {
      expect(isPermission(name)).toBe(false);
    }
  });
});

describe('API token text', () => {
  const entropy = new SeededEntropy(3);
  const parts = { id: newId(entropy), secret: Buffer.from(entropy.bytes(32)).toString('hex') };

  it('gives its parts back, and nothing with any character changed', () => {
    const text = tokenText(parts);
    expect(parseToken(text)).toEqual(parts);
    for (let at = 0; at < text.length; at++) {
      const other = text[at] === '1' ? '2' : '1';
      expect(parseToken(text.slice(0, at) + other + text.slice(at + 1))).toBeUndefined();
    }
  });
});

describe('RateLimit', () => {
  it('refuses what is one too many until the window is over, each key for itself', async () => {
    const clock = new VirtualClock();
    const limit = new RateLimit(clock, { limit: 2, windowMs: 1_000 });
    expect([limit.isWithin('a'), limit.isWithin('a'), limit.isWithin('a')]).toEqual([
      true,
      true,
      false,
    ]);
    expect(limit.isWithin('b')).toBe(true);
    expect(() => limit.take('a')).toThrow('the next one counts in 1 s');
    await clock.advance(1_000);
    expect(limit.isWithin('a')).toBe(true);
  });

  it('forgets the first key when there are too many', () => {
    const limit = new RateLimit(new VirtualClock(), { limit: 1, windowMs: 1_000 });
    limit.take('first');
    for (let i = 0; i < 4_096; i++) limit.take(`k${i}`);
    expect(limit.isWithin('first')).toBe(true);
    expect(limit.isWithin('k4095')).toBe(false);
  });
});
