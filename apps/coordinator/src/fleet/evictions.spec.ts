import { asNodeId, type NodeId } from '@tallystick/kernel';
import { VirtualClock } from '@tallystick/kernel/testing';
import { expect, it } from 'vitest';
import { Evictions } from './evictions.js';

it('ends session and token of a node that the chain no longer lists, and of no other', async () => {
  const clock = new VirtualClock();
  const [a, b, c] = [asNodeId(1), asNodeId(2), asNodeId(3)];
  let members: ReadonlyMap<NodeId, never> | undefined = new Map(
    [a, b, c].map((node) => [node, node as never]),
  );
  const ended: NodeId[] = [];
  const failed: string[] = [];
  const evictions = new Evictions({
    members: {
      all: () =>
        members === undefined ? Promise.reject(new Error('away')) : Promise.resolve(members),
    },
    sessions: {
      find: (node) => ({ fail: (error) => void failed.push(`${node} ${error.code}`) }),
    },
    tokens: { end: (node) => void ended.push(node) },
    clock,
  });
  evictions.start();
  await clock.advance(5_000);
  expect(ended).toEqual([]);
  members = new Map([
    [a, a as never],
    [c, c as never],
  ]);
  await clock.advance(5_000);
  expect(failed).toEqual(['2 AUTH_NODE_REVOKED']);
  expect(ended).toEqual([b]);
  members = undefined; // the chain is away: what it last said holds
  await clock.advance(20_000);
  expect(ended).toEqual([b]);
  members = new Map([[a, a as never]]);
  await clock.advance(5_000);
  expect(ended).toEqual([b, c]);
  evictions.stop();
  expect(clock.pending).toBe(0);
});
