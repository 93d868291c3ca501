#!/usr/bin/env node
/**
 * A challenger: asks for the first contribution of a committed round, and waits until nothing is demanded any more.
 * Nothing of Tallystick is imported here, only the stock client of any Substrate chain.
 *
 *   node demand-leaf.mjs ws://127.0.0.1:9955 0 3 ./treasury.key    leaf 0 of round 3 of run 0, paid by that key
 *
 * Prints {answered, events}: true when the chain took an answer; the round is then still no void one.
 */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';

const TIMEOUT_MS = 30_000;
/** Bytes of the secret in PKCS#8 (RFC 8410). */
const SEED_BYTES = 32;

const [endpoint, run, round, keyFile] = process.argv.slice(2);
const provider = new WsProvider(endpoint);
const api = new ApiPromise({ provider, noInitWarn: true });
await api.isReadyOrError;

const der = createPrivateKey(readFileSync(keyFile, 'utf8')).export({
  format: 'der',
  type: 'pkcs8',
});
const account = new Keyring({ type: 'ed25519' }).addFromSeed(der.subarray(-SEED_BYTES));
const nonce = await api.rpc.system.accountNextIndex(account.address);
await api.tx.tally.demand(Number(run), Number(round), { Leaf: 0 }).signAndSend(account, { nonce });

const untilMs = Date.now() + TIMEOUT_MS;
const names = new Set();
let block = (await api.rpc.chain.getHeader()).number.toNumber() - 1;
while (!names.has('Answered') && !names.has('DemandAnswered') && Date.now() < untilMs) {
  const head = await api.rpc.chain.getHeader(await api.rpc.chain.getFinalizedHead());
  for (; block <= head.number.toNumber(); block++) {
    const at = await api.at(await api.rpc.chain.getBlockHash(block));
    for (const { event } of await at.query.system.events()) {
      if (event.section === 'tally' || event.method === 'ExtrinsicFailed') {
        names.add(event.method === 'ExtrinsicFailed' ? event.data.toString() : event.method);
      }
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
}
const open = (await api.query.tally.openDemands(Number(run))).length;
const { status } = (await api.call.tallyApi.round(Number(run), Number(round))).unwrap();
console.log(JSON.stringify({ open, status: status.type, events: [...names] }));
await api.disconnect();
