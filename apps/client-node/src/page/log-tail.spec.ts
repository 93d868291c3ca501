import { MemoryLogger, VirtualClock } from '@tallystick/kernel/testing';
import { expect, it } from 'vitest';
import { LogTail } from './log-tail.js';

it('remembers the newest 500 lines without secrets, and hands all of them on', () => {
  const clock = new VirtualClock();
  const to = new MemoryLogger();
  const tail = new LogTail(to, clock);
  tail.debug('frame', { text: 'from the network' });
  for (let i = 0; i < 600; i++) tail.info('tick', { i });
  tail.warn('odd', { token: 'abc', url: 'https://me:pass@host', none: undefined });
  expect(tail.lines).toHaveLength(500);
  expect(tail.lines[0]).toEqual({
    ...{ atMs: clock.nowMs(), level: 'warn', event: 'odd' },
    text: 'token=[redacted] url=https://me:[redacted]@host',
  });
  expect(tail.lines.at(-1)?.text).toBe('i=101');
  expect(to.lines).toHaveLength(602);
});
