import { asHash, asNodeId, asRunId, type NodeId, ZERO_HASH } from '@tallystick/kernel';
import { MemoryLogger } from '@tallystick/kernel/testing';
import type { CoordinatorHead } from '@tallystick/protocol';
import type { Task } from '@tallystick/record';
import type { Offer, RoundResult } from '@tallystick/rounds';
import { beforeEach, describe, expect, it } from 'vitest';
import type { NodeSession } from './node-session.js';
import { Sessions } from './sessions.js';
import { WsNodeLink } from './ws-node-link.js';

const NODES = 1_000;
const AT = { run: asRunId(1), round: 2 };

describe('WsNodeLink', () => {
  let said: [NodeId, string][];
  let frames: Set<Uint8Array>;
  let link: WsNodeLink;

  beforeEach(() => {
    said = [];
    frames = new Set();
    const sessions = new Sessions();
    for (let id = 0; id < NODES; id++) {
      const node = asNodeId(id);
      sessions.enter({
        node,
        offer: (_: unknown, frame: Uint8Array) => {
          frames.add(frame);
          said.push([node, 'offer']);
        },
        send: ({ kind }: CoordinatorHead) => said.push([node, kind]),
        forget: () => said.push([node, 'drop']),
      } as unknown as NodeSession); // the link uses these members alone
    }
    link = new WsNodeLink(sessions, new MemoryLogger());
  });

  const task = { ...AT } as unknown as Task; // the link looks at run and round
  const offer: Offer = {
    task: { task, wire: 'aa' },
    taskHash: asHash(ZERO_HASH),
    cohort: Array.from({ length: NODES }, (_, id) => ({
      node: asNodeId(id),
      keyEpoch: 0,
      cap: 1n,
    })),
    headers: [],
  };
  const header = { ...AT, modelAfter: ZERO_HASH } as unknown as RoundResult['header']['header'];
  const result: RoundResult = { header: { header, wire: 'bb' } };

  /** What was said in each turn of the event loop until nothing more comes. */
  async function turns(): Promise<number[]> {
    const counts = [said.length];
    for (let before = -1; before !== said.length; counts.push(said.length - before)) {
      before = said.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return counts;
  }

  it('offers to a cohort a few nodes per turn, from one frame, in order', async () => {
    for (let id = 0; id < NODES; id++) link.offer(asNodeId(id), offer);
    expect(said).toHaveLength(16);
    const counts = await turns();
    expect(Math.max(...counts)).toBe(16);
    expect(said.map(([node]) => node)).toEqual(Array.from({ length: NODES }, (_, id) => id));
    expect(frames.size).toBe(1);
  });

  it('keeps the order of what one node hears', async () => {
    for (let id = 0; id < 40; id++) link.offer(asNodeId(id), offer);
    for (let id = 0; id < 40; id++) {
      link.drop(asNodeId(id), AT.run, AT.round);
      link.result(asNodeId(id), result);
    }
    await turns();
    for (const id of [0, 20, 39]) {
      const heard = said.filter(([node]) => node === id).map(([, what]) => what);
      expect(heard).toEqual(['offer', 'drop', 'result']);
    }
  });

  it('says nothing to a node that is away, and all of a small cohort at once', () => {
    link.offer(asNodeId(NODES + 1), offer);
    for (let id = 0; id < 4; id++) link.offer(asNodeId(id), offer);
    expect(said).toHaveLength(4);
  });
});
