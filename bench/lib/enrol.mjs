// @ts-check
/**
 * Real nodes in a hurry. Enrolment over REST makes two final blocks per node, one after another; ten thousand would take
 * twenty minutes. Here the deployment's own registrar and treasury say the same calls to the same chain in batches.
 * What is missing then are the rows of the `nodes` table, which `GET nodes` lists and no figure reads.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ApiPromise, WsProvider } from '@polkadot/api';
import { asAccountId } from '@tallystick/kernel';
import { loadKey, signerFromSeed } from '@tallystick/kernel/node';
import { POP, signRecord } from '@tallystick/record';

/** Calls in one transaction. */
const BATCH = 100;
/** Examples that count of a node. */
const CAP = 1_000;
/** Longer payloads are hashed before they are signed (Substrate's SignedPayload). */
const MAX_PLAIN_PAYLOAD = 256;
const FINAL_MS = 120_000;
const POLL_MS = 20;

/** @typedef {{ node: number, seed: string }} Enrolled a node's id and the seed of its key, in hex */

/**
 * Registers and admits `count` nodes of one organisation; node ids ascend as the seeds do.
 * @param {import('./coordinator.mjs').Coordinator} coordinator @param {number} count
 * @returns {Promise<Enrolled[]>}
 */
export async function enrol(coordinator, count) {
  const chain = await Chain.connect(coordinator);
  try {
    const [registrar, treasury] = await Promise.all([
      chain.account('registrar'),
      chain.account('treasury'),
    ]);
    const organisation = Number(await chain.read('nextOrganisation'));
    await registrar.send([chain.tally('registerOrganisation', `0x${treasury.signer.key}`)]);
    const first = Number(await chain.read('nextNode'));
    const nodes = Array.from({ length: count }, (_, i) => ({
      node: first + i,
      seed: createHash('sha256')
        .update(`bench node ${first + i}`)
        .digest('hex'),
    }));
    await treasury.send(
      nodes.map(({ seed }) => {
        const key = signerFromSeed(Buffer.from(seed, 'hex'));
        const owner = asAccountId(treasury.signer.key);
        const pop = { chain: chain.genesis, owner, key: key.key };
        const { signature } = signRecord(POP, pop, key);
        return chain.tally('registerNode', organisation, `0x${key.key}`, `0x${signature}`);
      }),
    );
    await registrar.send(nodes.map(({ node }) => chain.tally('admitNode', node, CAP)));
    if (Number(await chain.read('nextNode')) !== first + count) throw new Error('not all joined');
    return nodes;
  } finally {
    await chain.close();
  }
}

/** The chain of a coordinator, as its operator reaches it. */
class Chain {
  /** @param {ApiPromise} api @param {string} data folder of the deployment */
  constructor(api, data) {
    this.api = api;
    this.data = data;
    this.genesis = /** @type {import('@tallystick/kernel').Hash} */ (
      api.genesisHash.toHex().slice(2) // a block hash is a Hash
    );
  }

  /** @param {import('./coordinator.mjs').Coordinator} coordinator */
  static async connect({ chainUrl, data }) {
    // polkadot-js's own class misses its own interface under exactOptionalPropertyTypes
    const provider = /** @type {any} */ (new WsProvider(chainUrl));
    return new Chain(await ApiPromise.create({ provider, noInitWarn: true }), data);
  }

  /** @param {string} call @param {...unknown} args @returns {any} */
  tally(call, ...args) {
    return this.api.tx['tally']?.[call]?.(...args);
  }

  /** A value of the pallet at the newest finalised block. @param {string} name @returns {Promise<string>} */
  async read(name) {
    const at = await this.api.at(await this.api.rpc.chain.getFinalizedHead());
    return String(await at.query['tally']?.[name]?.());
  }

  /** @param {string} name of a key of the deployment */
  async account(name) {
    return new Account(this, await loadKey(join(this.data, 'keys', `${name}.key`)));
  }

  close() {
    return this.api.disconnect();
  }
}

/** An account that sends batches. */
class Account {
  /** @param {Chain} chain @param {import('@tallystick/kernel').Signer} signer */
  constructor(chain, signer) {
    this.chain = chain;
    this.signer = signer;
  }

  /** Sends these calls, `BATCH` in a transaction, and waits until the last is final. @param {readonly any[]} calls */
  async send(calls) {
    const { api } = this.chain;
    const address = api.createType('AccountId', `0x${this.signer.key}`);
    const start = await api.rpc.system.accountNextIndex(address);
    let nonce = start.toNumber();
    for (let from = 0; from < calls.length; from += BATCH) {
      const batch = calls.slice(from, from + BATCH);
      const call = api.tx['utility']?.['batchAll']?.(batch);
      if (call === undefined) throw new Error('the runtime has no utility.batchAll');
      await call.signAsync(address, { nonce: nonce++, signer: this.#polkadotSigner() });
      await api.rpc.author.submitExtrinsic(call);
    }
    await this.#final(address, nonce);
  }

  /** @returns {any} what polkadot-js calls a signer */
  #polkadotSigner() {
    const { signer, chain } = this;
    return {
      signRaw: async (/** @type {{ data: string }} */ { data }) => {
        const payload = Buffer.from(data.slice(2), 'hex');
        const bytes =
          payload.length > MAX_PLAIN_PAYLOAD ? chain.api.registry.hash(payload) : payload;
        return { id: 0, signature: `0x00${signer.sign(bytes)}` };
      },
    };
  }

  /** @param {any} address @param {number} nonce that the account has once everything is in a finalised block */
  async #final(address, nonce) {
    const { api } = this.chain;
    for (let waited = 0; waited < FINAL_MS; waited += POLL_MS) {
      const at = await api.at(await api.rpc.chain.getFinalizedHead());
      const account = /** @type {any} */ (await at.query['system']?.['account']?.(address));
      if (account.nonce.toNumber() >= nonce) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new Error('the chain made no final block of the enrolment');
  }
}
