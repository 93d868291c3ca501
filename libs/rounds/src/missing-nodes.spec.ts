import type { NodeId } from '@tallystick/kernel';
import { ExclusionReason } from '@tallystick/record';
import { expect, it } from 'vitest';
import { missingNodes } from './missing-nodes.js';

const node = (id: number): NodeId => id as NodeId;

it('tells declines, refusals and silence apart, with the words of the node when there are any', () => {
  const declined = { node: node(1), reason: 3, wire: '' };
  const told = { code: 'DATA_EMPTY', message: 'no rows' };
  expect(
    missingNodes([
      { node: node(0) },
      { node: node(1), declined: { ...declined, told } },
      { node: node(2), declined },
      { node: node(3), refused: ExclusionReason.malformed },
    ]),
  ).toBe(
    'node 0 was silent; node 1 declined (DATA_EMPTY: no rows); node 2 declined (reason 3); node 3 was refused (malformed)',
  );
});

it('stays short', () => {
  const told = { code: 'DATA_EMPTY', message: 'x'.repeat(500) };
  const all = Array.from({ length: 10_000 }, (_, id) => ({
    node: node(id),
    declined: { node: node(id), reason: 3, wire: '', told },
  }));
  const text = missingNodes(all);
  expect(text.length).toBeLessThan(2_000);
  expect(text).toContain('and 9992 more');
});
