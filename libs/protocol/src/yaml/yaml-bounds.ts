import type { CST } from 'yaml';

const MAX_DEPTH = 64;
const MAX_KEYS = 256;
const MAX_NODES = 100_000;

/** Where and why a document is too much to compose. */
export interface BoundFault {
  readonly offset: number;
  readonly message: string;
}

/**
 * Checks depth, keys per map and nodes on the concrete syntax tree, which is built without recursion. Composing
 * recurses (half a million brackets abort the process) and compares keys pairwise (80,000 keys took 26 s).
 */
export function yamlBounds(tokens: readonly CST.Token[]): BoundFault | undefined {
  let nodes = 0;
  const open = tokens.map((token) => ({ token, depth: 0 }));
  for (let top = open.pop(); top !== undefined; top = open.pop()) {
    const { token, depth } = top;
    const fault = (message: string): BoundFault => ({ offset: token.offset, message });
    if (depth > MAX_DEPTH) return fault(`is nested deeper than ${MAX_DEPTH}`);
    if (++nodes > MAX_NODES) return fault(`has more than ${MAX_NODES} nodes`);
    if (isMap(token) && token.items.length > MAX_KEYS)
      return fault(`has more than ${MAX_KEYS} keys`);
    for (const child of childrenOf(token)) open.push({ token: child, depth: depth + 1 });
  }
  return undefined;
}

function isMap(token: CST.Token): token is CST.BlockMap | CST.FlowCollection {
  return (
    token.type === 'block-map' || (token.type === 'flow-collection' && token.start.source === '{')
  );
}

function childrenOf(token: CST.Token): readonly CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value];
  if (
    token.type !== 'block-map' &&
    token.type !== 'block-seq' &&
    token.type !== 'flow-collection'
  ) {
    return [];
  }
  return token.items.flatMap(({ key, value }) =>
    [key, value].filter((child) => child !== undefined && child !== null),
  );
}
