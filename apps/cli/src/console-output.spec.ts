import type { RunEvent } from '@tallystick/protocol';
import { describe, expect, it } from 'vitest';
import { ConsoleOutput } from './console-output.js';
import { RoundTicker } from './demo/round-ticker.js';
import { bar } from './terminal-bar.js';

const ESCAPE = '\u001b';

/** Everything that a run's events print. */
function printed(isTty: boolean): string {
  let text = '';
  const write = (part: string): void => void (text += part);
  const output = new ConsoleOutput({ json: false, isTty, out: write, err: write });
  const ticker = new RoundTicker(output, { rounds: 2, sites: 0 });
  const event = (type: RunEvent['type'], detail: RunEvent['detail'] = {}): RunEvent => ({
    id: 1,
    run: 0 as RunEvent['run'], // a number of a test
    atMs: 1,
    type,
    round: 0,
    detail,
  });
  ticker.onEvent(event('round.opened', { cohort: 4 }));
  ticker.onEvent(event('update.accepted'));
  ticker.onEvent(event('node.declined', { message: 'the policy says no' }));
  ticker.onEvent(event('round.closed'));
  output.table(['a', 'b'], [['1', '2']]);
  return text;
}

describe('ConsoleOutput', () => {
  it('writes whole lines and neither colour nor cursor codes off a terminal', () => {
    const text = printed(false);
    expect(text).not.toContain(ESCAPE);
    expect(text).not.toContain('\r');
    expect(text).toContain('round 0  [##########..........]  1 of 4 sites\n');
    expect(text).toContain('the policy says no\n');
  });

  it('replaces its progress line on a terminal and leaves none behind the last words', () => {
    const text = printed(true);
    expect(text).toContain(`${ESCAPE}[2K`);
    expect(text).toContain('1 of 4 sites  0 rounds final on the chain');
    expect(text.endsWith('\n')).toBe(true);
  });
});

describe('bar', () => {
  it.each([
    [0, 4, 0],
    [1, 4, 5],
    [4, 4, 20],
    [9, 4, 20],
    [0, 0, 0],
  ])('%i of %i fills %i of 20', (done, all, filled) => {
    expect(bar(done, all)).toBe(`[${'#'.repeat(filled)}${'.'.repeat(20 - filled)}]`);
  });
});
