import { SeededEntropy, VirtualClock } from '@tallystick/kernel/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { PageSessions } from './page-sessions.js';

describe('PageSessions', () => {
  let clock: VirtualClock;
  let sessions: PageSessions;
  beforeEach(() => {
    clock = new VirtualClock();
    sessions = new PageSessions({ clock, entropy: new SeededEntropy() });
  });

  const ticket = (): string => sessions.ticket() ?? '';

  it('a link works once', () => {
    const link = ticket();
    const session = sessions.enter(link);
    expect(sessions.has(session)).toBe(true);
    expect(() => sessions.enter(link)).toThrow(expect.objectContaining({ code: 'AUTH_SIGN_IN' }));
  });

  it('a link lasts ten minutes, a window twelve hours', async () => {
    const [early, late] = [ticket(), ticket()];
    await clock.advance(599_999);
    const session = sessions.enter(early);
    await clock.advance(1);
    expect(() => sessions.enter(late)).toThrow('refused');
    await clock.advance(43_199_998);
    expect(sessions.has(session)).toBe(true);
    await clock.advance(1);
    expect(sessions.has(session)).toBe(false);
  });

  it('nothing else opens it: no guess, no session for a link, no link for a session', () => {
    const link = ticket();
    const session = sessions.enter(ticket());
    expect(sessions.has(link)).toBe(false);
    for (const guess of ['', 'x', session]) expect(() => sessions.enter(guess)).toThrow('refused');
    sessions.end(session);
    expect(sessions.has(session)).toBe(false);
  });

  it('holds 8 links and 16 windows; the oldest makes room', () => {
    const links = Array.from({ length: 9 }, ticket);
    expect(() => sessions.enter(links[0] ?? '')).toThrow('refused');
    const windows = Array.from({ length: 17 }, () => sessions.enter(ticket()));
    expect(windows.map((one) => sessions.has(one))).toEqual([false, ...Array(16).fill(true)]);
  });

  it('where a token is named, it alone opens, as often as it is asked, and guessing is slow', async () => {
    const token = 'a-token-of-32-characters-or-more';
    sessions = new PageSessions({ clock, entropy: new SeededEntropy(), token });
    expect(sessions.ticket()).toBeUndefined();
    expect(sessions.has(sessions.enter(token))).toBe(true);
    for (let guess = 0; guess < 30; guess++) {
      expect(() => sessions.enter(`guess ${guess}`)).toThrow('refused');
    }
    expect(() => sessions.enter(token)).toThrow(
      expect.objectContaining({ code: 'AUTH_TOO_OFTEN' }),
    );
    await clock.advance(60_000);
    expect(sessions.has(sessions.enter(token))).toBe(true);
  });
});
