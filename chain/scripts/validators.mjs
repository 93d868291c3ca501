/**
 * The nodes of a chain that four organisations keep, and the command line of each: on this machine, where
 * four-validators.mjs starts them, and in the containers of docker/compose.validators.yaml, which a test compares.
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

const ROLE = {
  validator: ['--validator'],
  archive: ['--state-pruning', 'archive', '--blocks-pruning', 'archive'],
};

/** Nothing of a node on loopback can be reached from elsewhere. */
const LISTEN = {
  loopback: ({ p2pPort }) => ['--listen-addr', `/ip4/127.0.0.1/tcp/${p2pPort}`],
  container: ({ p2pPort, role }) => [
    ...['--listen-addr', `/ip4/0.0.0.0/tcp/${p2pPort}`, '--prometheus-external'],
    ...(role === 'archive' ? ['--rpc-external'] : []),
  ],
};

/**
 * Arguments of `tally-node`.
 * @param {ChainNode} node
 * @param {{ where: 'loopback' | 'container', spec: string, base: string, nodeKey: string, peers: readonly string[] }} place
 *   files of this node, and the multiaddresses of the others: it speaks to nobody else.
 */
export function nodeArguments(node, { where, spec, base, nodeKey, peers }) {
  return [
    ...['--name', node.name, '--chain', spec, '--base-path', base, '--database', 'paritydb'],
    ...['--node-key-file', nodeKey, '--no-mdns', '--reserved-only'],
    ...peers.flatMap((peer) => ['--reserved-nodes', peer]),
    ...LISTEN[where](node),
    ...['--rpc-port', String(node.rpcPort), '--rpc-methods', 'safe'],
    ...['--prometheus-port', String(node.metricsPort)],
    ...ROLE[node.role],
  ];
}

/** The same in its container: peers by the names of their services, and their ids from the environment. */
export function containerArguments(node) {
  const others = CHAIN_NODES.filter((other) => other !== node);
  return nodeArguments(node, {
    where: 'container',
    spec: '/chain/spec.json',
    base: '/data',
    nodeKey: '/run/secrets/node-key',
    peers: others.map(
      ({ name, p2pPort }) => `/dns/${name}/tcp/${p2pPort}/p2p/\${${name.toUpperCase()}_PEER}`,
    ),
  });
}
