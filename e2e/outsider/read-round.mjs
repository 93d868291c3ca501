#!/usr/bin/env node
/**
 * An outsider's look at the chain: nothing of Tallystick is imported here, only the stock client of any Substrate
 * chain, which learns names and types from the chain's own metadata.
 *
 *   node read-round.mjs ws://127.0.0.1:9955 0 3    header hash and weights root of round 3 of run 0
 *   node read-round.mjs ws://127.0.0.1:9955        every commit there is, block by block
 *
 * Prints one JSON object. Exit code 1: the chain holds no such round; 69: nobody answers.
 */
import { ApiPromise, WsProvider } from '@polkadot/api';

const TIMEOUT_MS = 20_000;

/** @param {string} endpoint @returns {Promise<{ api: ApiPromise, provider: WsProvider }>} */
async function connect(endpoint) {
  const provider = new WsProvider(endpoint, false);
  const api = new ApiPromise({ provider, noInitWarn: true, throwOnConnect: true });
  await provider.connect();
  await api.isReadyOrError;
  return { api, provider };
}

/** What pallet-tally keeps of a committed round, at the newest finalised block. */
async function readRound(api, run, round) {
  const block = await api.rpc.chain.getFinalizedHead();
  const at = await api.at(block);
  const stored = await at.query.tally.rounds(run, round);
  if (stored.isNone) return undefined;
  const { header, included, sumWeight, excluded, atBlock } = stored.unwrap();
  const { status, contribRoot } = (await at.call.tallyApi.round(run, round)).unwrap();
  return {
    run,
    round,
    header: bare(header),
    contribRoot: bare(contribRoot),
    included: included.toNumber(),
    sumWeight: sumWeight.toString(),
    excluded: excluded.toNumber(),
    atBlock: atBlock.toNumber(),
    status: status.type,
    finalized: bare(block),
  };
}

/**
 * Walks every finalised block for calls of commit_round, inside batches too. One that counted is in the newest state, with
 * its block's time: a node forgets older states and the events in them.
 */
async function countCommits(api, provider) {
  const head = await api.rpc.chain.getFinalizedHead();
  const blocks = (await api.rpc.chain.getHeader(head)).number.toNumber();
  const at = await api.at(head);
  const commits = [];
  const calls = [];
  for (let block = 1; block <= blocks; block++) {
    const hash = await api.rpc.chain.getBlockHash(block);
    const { extrinsics } = (await provider.send('chain_getBlock', [hash.toHex()])).block;
    const methods = extrinsics.map((bytes) => api.createType('Extrinsic', bytes).method);
    const set = methods.find(({ section }) => section === 'timestamp');
    for (const { run, round } of methods.flatMap(committedHeaders)) {
      calls.push({ block, run, round });
      const stored = (await at.query.tally.rounds(run, round)).unwrapOr(undefined);
      if (stored === undefined || !stored.committedAtMs.eq(set.args[0])) continue;
      commits.push({ block, run, round, header: bare(stored.header) });
    }
  }
  return { commits, calls, blocks };
}

/** Headers of every commit_round in a call, however deep in batches. */
function committedHeaders(call) {
  if (call.section === 'utility') return call.args[0].toArray().flatMap(committedHeaders);
  if (call.section !== 'tally' || call.method !== 'commitRound') return [];
  const { run, round } = call.args[0];
  return [{ run: run.toNumber(), round: round.toNumber() }];
}

/** @param {{ toHex(): string }} bytes */
const bare = (bytes) => bytes.toHex().slice(2);

async function main([endpoint, run, round]) {
  const timer = setTimeout(() => {
    console.error(`no answer from ${endpoint} within ${TIMEOUT_MS} ms`);
    process.exit(69);
  }, TIMEOUT_MS);
  const { api, provider } = await connect(endpoint);
  const answer =
    run === undefined
      ? await countCommits(api, provider)
      : await readRound(api, Number(run), Number(round));
  clearTimeout(timer);
  if (answer === undefined) {
    console.error(`the chain holds no round ${round} of run ${run}`);
    process.exitCode = 1;
  } else console.log(JSON.stringify(answer));
  await api.disconnect();
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(69);
});
