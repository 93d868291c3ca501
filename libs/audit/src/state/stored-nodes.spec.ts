import { littleEndian } from '@tallystick/chain/testing';
import { asNodeId, concatBytes, toHex } from '@tallystick/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Mismatch } from '../findings.js';
import { keyOf, type ReadState } from './read-state.js';
import { isInForce, readEligible, readNodeKey } from './stored-nodes.js';

type Entry = readonly [item: string, ids: readonly number[], value: Uint8Array];

function stateOf(...entries: readonly Entry[]): ReadState {
  const map = new Map(
    entries.map(([item, ids, value]) => [toHex(keyOf('Tally', item, ...ids)), value]),
  );
  return (key) => map.get(toHex(key));
}

const u32 = (value: number): Uint8Array => littleEndian(value, 4);
const node = (organisation: number, status: number): Uint8Array =>
  concatBytes(u32(organisation), new Uint8Array(32), u32(0), Uint8Array.of(status), u32(1));
const key = (byte: number): Uint8Array =>
  concatBytes(new Uint8Array(32).fill(byte), littleEndian(50, 8), u32(1), Uint8Array.of(0));
const organisation = (active: number): Uint8Array =>
  concatBytes(new Uint8Array(32), Uint8Array.of(active), u32(1));

describe('stored nodes', () => {
  it('lists active nodes of active organisations, ascending', () => {
    const read = stateOf(
      ['NextNode', [], u32(4)],
      ['Organisations', [0], organisation(1)],
      ['Organisations', [1], organisation(0)],
      ...[0, 1, 2, 3].map((id): Entry => ['NodeKeys', [id, 0], key(id + 1)]),
      ['Nodes', [0], node(0, 1)],
      ['Nodes', [1], node(0, 0)], // pending
      ['Nodes', [2], node(1, 1)], // its organisation is suspended
      ['Nodes', [3], node(0, 1)],
    );
    const eligible = readEligible(read);
    expect(eligible.map((member) => member.node)).toEqual([0, 3]);
    expect(eligible[1]).toMatchObject({ organisation: 0, keyEpoch: 0, cap: 50n });
    expect(readEligible(stateOf())).toEqual([]);
  });

  it('ends a forged count at the first node that is not there', () => {
    const read = stateOf(['NextNode', [], u32(2 ** 32 - 1)], ['Nodes', [0], node(0, 1)]);
    expect(() => readEligible(read)).toThrow(Mismatch);
  });

  it('reads any bytes without crashing', () => {
    const isRefused = (read: () => unknown): boolean => {
      try {
        return read() === undefined;
      } catch (error) {
        return error instanceof Mismatch;
      }
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (noise) => {
        const read: ReadState = () => noise;
        expect(isRefused(() => readNodeKey(read, asNodeId(0), 0))).toBe(true);
        expect(isRefused(() => readEligible(read)) || noise.length === 4).toBe(true);
      }),
    );
  });

  it('is in force from its first block to before its last', () => {
    const epoch = readNodeKey(stateOf(['NodeKeys', [0, 0], key(1)]), asNodeId(0), 0);
    if (epoch === undefined) throw new Error('no key');
    expect([0, 1, 9].map((block) => isInForce(epoch, block))).toEqual([false, true, true]);
    const ended = { ...epoch, untilBlock: 3 };
    expect([2, 3].map((block) => isInForce(ended, block))).toEqual([true, false]);
  });
});
