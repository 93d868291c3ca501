#!/usr/bin/env node
// @ts-check
/**
 * A client node that lies, as a process: everything of the real one but what its training gives.
 *
 *   node main.mjs --folder SITE --attack scale
 */
import { parseArgs } from 'node:util';
import { ClientNode } from '../../apps/client-node/dist/client-node.js';
import { ed25519, sha256, systemClock, systemEntropy } from '../../libs/kernel/dist/node/index.js';
import { ProcessTrainer } from '../../libs/training/dist/index.js';
import { dishonest, isAttack } from './attacks.mjs';

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: '' },
    attack: { type: 'string', default: '' },
  },
});
const { folder, attack } = values;
if (!isAttack(attack)) throw new Error(`no attack ${attack}`);

const log = (/** @type {string} */ event) => process.stderr.write(`${event}\n`);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
let isAnnounced = false;
const node = await ClientNode.open(folder, {
  trainer: dishonest(new ProcessTrainer(), attack),
  sha256,
  ed25519,
  clock: systemClock,
  entropy: systemEntropy,
  proxy: () => undefined,
  logger: { debug() {}, info() {}, warn: log, error: log },
  software: 'attacker',
  onWelcome: ({ node: id }) => {
    if (!isAnnounced) console.log(JSON.stringify({ event: 'node.ready', node: id, attack }));
    isAnnounced = true;
  },
});
try {
  await node.run(stop.signal);
} finally {
  await node.close();
}
process.exit();
