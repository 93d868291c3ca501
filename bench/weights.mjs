// @ts-check
/**
 * `npm run bench:weights [-- --calls 1500] [--json]`: does every call of pallet-tally take less time than its weight says?
 * A random walk (libs/chain/src/testing/model) plays each call on the released wasm in the embedded host. What a call took
 * is the time of its transaction less that of the cheapest transaction, which pays for itself (`base_extrinsic`), both
 * without the host's cache of signatures; the slowest tenth is left out, for what the collector and other work hold up.
 *
 * This host is slower than a node: signatures are checked in JavaScript's crypto, storage is read through a trie in
 * JavaScript. The bar is 1: no call takes longer than the weight that its fee and its place in a block follow from.
 */
import { parseArgs } from 'node:util';
import { SignatureCache } from '../libs/chain/dist/embedded/crypto/signature-cache.js';
import { Runtime } from '../libs/chain/dist/embedded/runtime.js';
import { littleEndian, ScaleReader } from '../libs/chain/dist/embedded/scale.js';
import { ALICE, TestChains } from '../libs/chain/dist/testing/development-chain.js';
import { remark, signedExtrinsic } from '../libs/chain/dist/testing/signed-extrinsic.js';
import { walk } from '../libs/chain/dist/testing/model/differential.js';
import { CALL_NAMES } from '../libs/chain/dist/testing/model/encode-call.js';
import { exitCodeOf, jsonOf, lineOf, rowOf } from './lib/line.mjs';
import { median, quantile } from './lib/numbers.mjs';

const { values: flags } = parseArgs({
  options: {
    calls: { type: 'string', default: '1500' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});

/** Calls of System and the like, and those of the pallet that the walk cannot make succeed. */
const NEVER = new Map([
  ['set_registrar', 'the council’s alone: an origin of several signatures'],
  ['graduate', 'takes two authorities'],
]);
const TALLY = 0x20;
/** Before the call in a signed transaction: version, kind and bytes of the account, kind and bytes of the signature. */
const SIGNED_BYTES = 1 + 1 + 32 + 1 + 64;
const REMARKS = 40;
/** Of the times of a call: those above were held up by something else. */
const SHARE = 0.9;
const PICOSECONDS_IN_MICROSECOND = 1e6;

/** @type {SignatureCache['verify']} */
const verifyAnew = (_scheme, verify, { signature, message, publicKey }) =>
  verify(signature, message, publicKey);
SignatureCache.prototype.verify = verifyAnew;

/** @type {Map<string, { us: number, weighs: number }[]>} */
const seen = new Map();
/** @type {Runtime['call']} */
const call = Reflect.get(Runtime.prototype, 'call');
/** @this {Runtime} @type {Runtime['call']} */
Runtime.prototype.call = function timed(storage, api, args) {
  if (api !== 'BlockBuilder_apply_extrinsic' || args === undefined) {
    return call.call(this, storage, api, args);
  }
  const startedMs = performance.now();
  const result = call.call(this, storage, api, args);
  const us = 1_000 * (performance.now() - startedMs);
  const name = result.every((byte) => byte === 0) ? nameOf(args) : undefined;
  if (name !== undefined) {
    const length = littleEndian(args.length, 4);
    const query = Buffer.concat([args, length]);
    const info = new ScaleReader(
      call.call(this, storage, 'TransactionPaymentApi_query_info', query),
    );
    const weighs = info.compact() / PICOSECONDS_IN_MICROSECOND;
    seen.set(name, [...(seen.get(name) ?? []), { us, weighs }]);
  }
  return result;
};

/** The call of a signed transaction: of the pallet, or a remark. @param {Uint8Array} extrinsic */
function nameOf(extrinsic) {
  const reader = new ScaleReader(new ScaleReader(extrinsic).opaque());
  const [kind = 0] = reader.take(1);
  if (kind !== 0x84) return undefined;
  reader.take(SIGNED_BYTES - 1);
  reader.take(1); // era
  reader.compact(); // nonce
  reader.compact(); // tip
  reader.take(1);
  const [pallet, index = 0] = reader.take(2);
  return pallet === TALLY ? CALL_NAMES[index] : 'remark';
}

/** Plays transactions that do nothing. */
async function playRemarks() {
  const chains = new TestChains();
  try {
    const chain = await chains.open();
    for (let nonce = 0; nonce < REMARKS; nonce++) {
      await chain.submit(signedExtrinsic(chain, remark('x'), { signer: ALICE, nonce }));
      await chain.seal();
    }
  } finally {
    await chains.dispose();
  }
}

await playRemarks();
const base = median((seen.get('remark') ?? []).map(({ us }) => us));
/** @type {import('../libs/chain/dist/testing/model/differential.js').Counts} */
const counts = { calls: new Map(), results: new Map(), difference: undefined };
await walk({ seed: Number(flags.seed), calls: Number(flags.calls) }, counts);
if (counts.difference !== undefined) throw new Error(counts.difference);

const lines = CALL_NAMES.filter((name) => !NEVER.has(name)).map((name) => {
  const bar = { id: name, title: 'time of the call by its weight', unit: '×', atMost: 1 };
  const times = seen.get(name) ?? [];
  if (times.length === 0) return lineOf(bar, { skipped: 'the walk made none that succeeds' });
  const slow = quantile(
    times.map(({ us, weighs }) => Math.max(0, us - base) / weighs),
    SHARE,
  );
  const us = quantile(
    times.map((each) => each.us - base),
    SHARE,
  );
  const weighs = Math.max(...times.map((each) => each.weighs));
  const note = `${us.toFixed(0)} µs of up to ${weighs.toFixed(0)}, ${times.length} calls`;
  return lineOf(bar, { value: slow, note });
});
console.error(`a transaction that does nothing: ${base.toFixed(0)} µs`);
for (const line of lines) console.log(flags.json ? jsonOf(line) : rowOf(line));
process.exitCode = exitCodeOf(lines);
