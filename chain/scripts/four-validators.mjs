#!/usr/bin/env node
/**
 * A chain of four organisations on this machine: starts the nodes of validators.mjs, plays `tally demo` on it, kills one
 * validator meanwhile, and checks that finality goes on and that the run ends VERIFIED. Takes some minutes.
 *
 *   TALLY_CHAIN_NODE=…/tally-node four-validators.mjs [FOLDER]     (FOLDER: new or empty; default a temporary one)
 *
 * Needs the built repository (`npm run build`). Exits 1 when anything does not hold.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  insertSessionKey,
  makeNodeKey,
  needNode,
  newKey,
  NODE,
  NodeProcess,
} from './node-process.mjs';
import { CHAIN_NODES, nodeArguments } from './validators.mjs';

const TALLY = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));
/** Blocks that must become final before and after the loss. */
const BEFORE = 2;
const AFTER = 5;

const startedMs = performance.now();
const say = (text) =>
  console.log(`${((performance.now() - startedMs) / 1000).toFixed(0).padStart(4)} s  ${text}`);

/** Runs `tally` with `--json`; resolves with the exit code and the last line, parsed. */
function tally(args, onLine = () => undefined) {
  const child = spawn(process.execPath, [TALLY, ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => onLine(String(chunk).trimEnd()));
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) =>
      done({ code, result: JSON.parse(out.trim().split('\n').at(-1) || 'null') }),
    );
  });
}

/** What one organisation makes at home; only its account and its public key leave it. */
async function makeOrganisation(node, root) {
  const base = join(root, node.name);
  mkdirSync(base, { recursive: true, mode: 0o700 });
  const [account, session] = [newKey(), newKey()];
  const files = { seed: join(base, 'session.seed'), nodeKey: join(base, 'node.key') };
  writeFileSync(files.seed, `0x${session.seed}`, { mode: 0o600 });
  const peer = `/ip4/127.0.0.1/tcp/${node.p2pPort}/p2p/${await makeNodeKey(files.nodeKey)}`;
  return { node, base, ...files, peer, validator: `${account.key}:${session.key}` };
}

async function makeSpec(organisations, data) {
  const validators = organisations.filter(({ node }) => node.role === 'validator');
  const options = validators.flatMap(({ validator }) => ['--validator', validator]);
  const { code, result } = await tally(['chain', 'spec', '--data', data, ...options]);
  if (code !== 0) throw new Error(`tally chain spec: ${JSON.stringify(result)}`);
  for (const { seed, base } of validators)
    await insertSessionKey(seed, { base, spec: result.spec });
  return result;
}

function startNode({ node, base, nodeKey, peer }, { spec, peers, folder }) {
  const others = peers.filter((other) => other !== peer);
  const args = nodeArguments(node, { where: 'loopback', spec, base, nodeKey, peers: others });
  return new NodeProcess(node.name, args, { folder, rpcPort: node.rpcPort });
}

async function play(nodes, { data, folder }) {
  const archive = nodes.at(-1);
  const lost = nodes.at(-2);
  const chainUrl = archive.rpc.replace('http', 'ws');
  const places = ['--data', data, '--port', '0', '--export', join(folder, 'evidence')];
  const demo = tally(['demo', '--once', '--chain-url', chainUrl, ...places], (line) =>
    say(`  ${line}`),
  );
  const before = await archive.untilFinal((await archive.finalized()).number + BEFORE);
  await lost.stop('SIGKILL');
  say(`killed ${lost.name} when block ${before.number} was final`);
  const after = await archive.untilFinal(before.number + AFTER);
  say(`block ${after.number} is final without it`);
  const { code, result } = await demo;
  say(`tally demo: exit ${code}, ${result?.verdict ?? JSON.stringify(result)}`);
  if (code !== 0 || result.verdict !== 'VERIFIED') throw new Error('the run was not verified');
  return {
    lostAt: before.number,
    finalWithout: after.number,
    rounds: result.rounds,
    verdict: result.verdict,
  };
}

async function main() {
  needNode();
  const folder = resolve(process.argv[2] ?? mkdtempSync(join(tmpdir(), 'tally-validators-')));
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o711); // PostgreSQL, which never runs as root, must pass through
  say(`${NODE}, folder ${folder}`);
  const organisations = [];
  for (const node of CHAIN_NODES)
    organisations.push(await makeOrganisation(node, join(folder, 'nodes')));
  const data = join(folder, 'federation');
  const { genesis, spec } = await makeSpec(organisations, data);
  say(`genesis ${genesis}`);
  const peers = organisations.map(({ peer }) => peer);
  const nodes = organisations.map((organisation) =>
    startNode(organisation, { spec, peers, folder }),
  );
  try {
    const archive = nodes.at(-1);
    const first = await archive.untilFinal(1);
    say(`block ${first.number} is final: ${first.hash}`);
    const played = await play(nodes, { data, folder });
    const heads = await Promise.all(
      nodes.filter((_, i) => i !== nodes.length - 2).map((node) => node.finalized()),
    );
    say(`finalised heads: ${heads.map(({ number }) => number).join(', ')}`);
    console.log(
      JSON.stringify({
        genesis,
        ...played,
        seconds: Math.round((performance.now() - startedMs) / 1000),
      }),
    );
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
  }
}

await main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
