import { expect, it } from 'vitest';
import { parseAnnouncement } from './announcement.js';

it('reads the line of a listening chain and nothing else', () => {
  const genesis = 'ab'.repeat(32);
  const said = { event: 'chain.listening', url: 'ws://127.0.0.1:1', genesis, pid: 7 };
  const wanted = { url: 'ws://127.0.0.1:1', genesis, pid: 7 };
  expect(parseAnnouncement(JSON.stringify(said))).toEqual(wanted);
  expect(parseAnnouncement(JSON.stringify({ ...said, genesis: `0x${genesis}` }))).toEqual(wanted);
  expect(parseAnnouncement(JSON.stringify({ ...said, genesis: 'ab' }))).toBeUndefined();
  expect(parseAnnouncement(JSON.stringify({ ...said, event: 'other' }))).toBeUndefined();
  expect(parseAnnouncement('{"event":"chain.lis')).toBeUndefined();
});
