import type { NodeList, NodeView } from '@tallystick/protocol';
import { useMemo } from 'react';
import { useData } from './use-data.js';

export interface Sites {
  readonly list: readonly NodeView[];
  readonly nameOf: (node: number) => string;
}

/** Everyone who joined, and what a node is called. */
export function useSites(everyMs?: number): Sites {
  const { value } = useData<NodeList>('nodes', everyMs);
  return useMemo(() => {
    const list = value?.nodes ?? [];
    const names = new Map<number, string>(list.map(({ node, name }) => [node, name]));
    return { list, nameOf: (node) => names.get(node) ?? `node ${node}` };
  }, [value]);
}
