/**
 * The nodes of a chain that four organisations keep, and the command line of each. `docker/compose.validators.yaml` runs
 * the same: a test compares the two.
 */

/** @typedef {{ name: string, role: 'validator' | 'archive', p2pPort: number, rpcPort: number, metricsPort: number }} ChainNode */

const named = (name, role, i) => ({
  name,
  role,
  p2pPort: 30_333 + i,
  rpcPort: 9_944 + i,
  metricsPort: 9_615 + i,
});

/** Four validators of four organisations; a fifth node that keeps every state and answers the coordinator. */
export const CHAIN_NODES = [
  named('north', 'validator', 0),
  named('east', 'validator', 1),
  named('south', 'validator', 2),
  named('west', 'validator', 3),
  named('archive', 'archive', 4),
];

/**
 * Arguments of `tally-node`.
 * @param {ChainNode} node
 * @param {{ spec: string, base: string, nodeKey: string, peers: readonly string[] }} place files of this node, and the
 *   multiaddresses of the others: it speaks to nobody else.
 */
export function nodeArguments(node, { spec, base, nodeKey, peers }) {
  return [
    ...['--name', node.name, '--chain', spec, '--base-path', base, '--database', 'paritydb'],
    ...['--node-key-file', nodeKey, '--port', String(node.p2pPort), '--no-mdns', '--reserved-only'],
    ...peers.flatMap((peer) => ['--reserved-nodes', peer]),
    ...['--rpc-port', String(node.rpcPort), '--rpc-methods', 'safe'],
    ...['--prometheus-port', String(node.metricsPort)],
    ...ROLE_ARGUMENTS[node.role],
  ];
}

const ROLE_ARGUMENTS = {
  validator: ['--validator'],
  archive: ['--state-pruning', 'archive', '--blocks-pruning', 'archive'],
};
