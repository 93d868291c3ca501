#!/usr/bin/env node
/**
 * Graduation: a node takes over the chain of an embedded host. Imports the blocks of `tally chain export`, compares the
 * newest hash, starts the node with the same authority key and waits until it has made and finalised further blocks.
 *
 *   TALLY_CHAIN_NODE=…/tally-node graduate.mjs DATA [FOLDER]
 *
 * DATA: the data folder of a stopped deployment. FOLDER: new or empty; default a temporary one; the node's database is
 * in FOLDER/node. Exits 1 when anything does not hold.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  insertSessionKey,
  makeNodeKey,
  needNode,
  NODE,
  NodeProcess,
  readKey,
} from './node-process.mjs';
import { nodeArguments } from './validators.mjs';

const TALLY = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));
const NODE_PLACE = {
  name: 'graduate',
  role: 'validator',
  p2pPort: 30_433,
  rpcPort: 10_044,
  metricsPort: 9_715,
};
/** Blocks that must become final after the imported ones. */
const FURTHER = 3;

function exportChain(data, folder) {
  const args = [TALLY, 'chain', 'export', folder, '--data', data, '--json'];
  const out = execFileSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(out.trim().split('\n').at(-1));
}

/** The numbers and the newest hash must be what the embedded host said. */
function importBlocks({ spec, blocks }, base) {
  const args = ['import-blocks', blocks, '--binary', '--chain', spec, '--base-path', base];
  execFileSync(NODE, [...args, '--database', 'paritydb', ...ARCHIVE], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

const ARCHIVE = ['--state-pruning', 'archive', '--blocks-pruning', 'archive'];

async function main() {
  needNode();
  const [data, given] = process.argv.slice(2);
  if (data === undefined) {
    console.error('usage: graduate.mjs DATA [FOLDER]');
    process.exit(64);
  }
  const folder = resolve(given ?? mkdtempSync(join(tmpdir(), 'tally-graduate-')));
  const base = join(folder, 'node');
  mkdirSync(base, { recursive: true, mode: 0o700 });
  const exported = exportChain(resolve(data), join(folder, 'export'));
  const { head, genesis, spec } = exported;
  console.log(`embedded: genesis ${genesis}, block ${head.number} ${head.hash}`);
  importBlocks(exported, base);
  const seed = join(base, 'session.seed');
  writeFileSync(seed, `0x${readKey(readFileSync(join(data, 'keys/authority.key'))).seed}`, {
    mode: 0o600,
  });
  await insertSessionKey(seed, { base, spec });
  const nodeKey = join(base, 'node.key');
  await makeNodeKey(nodeKey);
  const place = { where: 'loopback', spec, base, nodeKey, peers: [] };
  const args = [...nodeArguments(NODE_PLACE, place), ...ARCHIVE, '--force-authoring'];
  const node = new NodeProcess(NODE_PLACE.name, args, { folder, rpcPort: NODE_PLACE.rpcPort });
  try {
    const final = await node.untilFinal(head.number + FURTHER);
    const imported = await node.call('chain_getBlockHash', [head.number]);
    console.log(`node:     block ${head.number} ${imported}; block ${final.number} is final`);
    if (imported !== `0x${head.hash}`) throw new Error('the imported head has another hash');
    console.log(
      JSON.stringify({ genesis, imported: head.number, head: head.hash, final: final.number }),
    );
  } finally {
    await node.stop();
  }
}

await main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
