import { asHash, type Hash, toHex } from '@tallystick/kernel';
import { signerFromSeed } from '@tallystick/kernel/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sealHeader, unsealHeader } from '../embedded/aura.js';
import { type Header, headerHash } from '../embedded/header.js';
import { headerJson } from '../embedded/rpc/rpc-json.js';
import { littleEndian } from '../embedded/scale.js';
import { storageKey, twox64concat } from '../embedded/storage-key.js';
import { nodeHash } from '../embedded/trie/node-codec.js';
import { verifyMapProof, verifyReadProof } from '../embedded/trie/read-proof.js';
import { LEDGER_AUTHORITY, LEDGER_KEYS, LedgerChain } from '../testing/ledger-chain.js';
import { LedgerDriver } from '../testing/round-ledger.contract.js';
import { RpcBetween, type Tamper } from '../testing/rpc-between.js';
import { headerOf } from './header-json.js';
import { objectAt } from './json.js';
import { JsonRpc } from './json-rpc.js';
import { type Ask, type ProofChecks, ProvedReads } from './proved-reads.js';
import type { SubstrateRoundLedger } from './substrate-round-ledger.js';

let chain: LedgerChain;
let between: RpcBetween;
/** The driver is told the truth, `ledger` what the node between says. */
let driver: LedgerDriver;
let ledger: SubstrateRoundLedger;
beforeEach(async () => {
  chain = await LedgerChain.open();
  between = await RpcBetween.open(chain.url);
  chain.onClose(() => between.close());
  driver = new LedgerDriver({ ledger: await chain.ledger(), ...LEDGER_KEYS });
  ledger = await chain.ledger(between.url);
});
afterEach(() => chain.close());

const UNPROVED = { code: 'LEDGER_UNPROVED' };

/** Answers every read of a state from the state after an older block. */
const stateOf =
  (old: Hash): Tamper =>
  ({ method, params }, ask) =>
    method === 'state_getReadProof' ? ask(method, [params[0], `0x${old}`]) : undefined;

describe('a chain node that lies', () => {
  it('about the state: who may take part, what is committed, who consents, who is paid', async () => {
    const { node } = await driver.node(9n);
    const { run, prev } = await driver.run();
    const old = (await ledger.finalized()).hash;
    await driver.commit(await driver.header(run, 0, prev));
    expect((await ledger.eligible(await ledger.finalized())).map((one) => one.node)).toEqual([
      node,
    ]);
    between.tamper = stateOf(old);
    const at = await ledger.finalized();
    await expect(ledger.eligible(at)).rejects.toMatchObject(UNPROVED);
    await expect(ledger.anchored(run)).rejects.toMatchObject(UNPROVED);
    await expect(ledger.round(run, 0)).rejects.toMatchObject(UNPROVED);
    await expect(ledger.consents(run, at)).rejects.toMatchObject(UNPROVED);
    await expect(ledger.chainRun(run)).rejects.toMatchObject(UNPROVED);
    await expect(ledger.openDemands()).rejects.toMatchObject(UNPROVED);
    await expect(ledger.paid(run, ledger.treasuryAccount())).rejects.toMatchObject(UNPROVED);
    between.tamper = undefined;
    expect(await ledger.anchored(run)).toMatchObject({ nextRound: 1 });
  });

  it('is believed by a verifier that takes any proof for good', async () => {
    const { run, prev } = await driver.run();
    const old = (await ledger.finalized()).hash;
    await driver.commit(await driver.header(run, 0, prev));
    const { hash } = await ledger.finalized();
    between.tamper = stateOf(old);
    const own = (proof: readonly Uint8Array[]): Hash =>
      asHash(toHex(nodeHash(proof[0] ?? new Uint8Array())));
    const believing: ProofChecks = {
      values: (_, proof, keys) => verifyReadProof(own(proof), proof, keys),
      maps: (_, proof, keys) => verifyMapProof(own(proof), proof, keys),
    };
    const key = storageKey(
      'Tally',
      'Rounds',
      ...[run, 0].map((id) => twox64concat(littleEndian(id, 4))),
    );
    const ask: Ask = (method, params) => between.ask(method, params);
    const honest = new ProvedReads(between.url, ask);
    const mutant = new ProvedReads(between.url, ask, believing);
    await expect(honest.values(hash, [key])).rejects.toMatchObject(UNPROVED);
    expect(await mutant.values(hash, [key])).toEqual([undefined]); // a committed round is taken for missing
  });

  it('about one byte of a proof', async () => {
    const { run } = await driver.run();
    between.tamper = async ({ method, params }, ask) => {
      if (method !== 'state_getReadProof') return undefined;
      const { at, proof } = objectAt(await ask(method, params), method);
      const [first, ...rest] = proof as readonly string[]; // the embedded chain wrote it
      const last = first?.endsWith('0') === true ? '1' : '0';
      return { at, proof: [`${first?.slice(0, -1)}${last}`, ...rest] };
    };
    await expect(ledger.anchored(run)).rejects.toMatchObject(UNPROVED);
  });

  it('about a transaction: its block without it, its events without it', async () => {
    const { run, prev } = await driver.run();
    const commit = await driver.prepare(await driver.header(run, 0, prev));
    const before = (await ledger.finalized()).hash;
    await ledger.submitCommit(commit);
    expect(await driver.settle(commit)).toBe('final');
    between.tamper = async ({ method, params }, ask) => {
      if (method !== 'chain_getBlock') return undefined;
      const { block } = objectAt(await ask(method, params), method);
      const { header, extrinsics } = objectAt(block, method);
      return { block: { header, extrinsics: (extrinsics as readonly string[]).slice(0, 1) } };
    };
    await expect(ledger.commitOutcome(commit)).rejects.toMatchObject(UNPROVED);
    between.tamper = stateOf(before);
    await expect(ledger.commitOutcome(commit)).rejects.toMatchObject(UNPROVED);
    between.tamper = undefined;
    expect(await ledger.commitOutcome(commit)).toMatchObject({ kind: 'final' });
  });

  it('about the block that holds a commit', async () => {
    const { run, prev } = await driver.run();
    await driver.commit(await driver.header(run, 0, prev));
    const truth = await ledger.committedIn(run, 0);
    if (truth === undefined) throw new Error('the round is committed');
    // the same extrinsics in another block, sealed by the authority: a fork that never became final
    const rpc = new JsonRpc(chain.url);
    const real = objectAt(await rpc.call('chain_getBlock', [`0x${truth.hash}`]), 'block');
    const { header, extrinsics } = objectAt(real['block'], 'block');
    const fork = resealed(headerOf(objectAt(header, 'header')), { stateRoot: truth.hash });
    const hash = headerHash(fork);
    between.tamper = ({ method, params }) => {
      if (method === 'chain_getBlockHash' && params[0] === truth.number) return `0x${hash}`;
      if (params[0] !== `0x${hash}`) return undefined;
      return method === 'chain_getBlock'
        ? { block: { header: headerJson(fork), extrinsics }, justifications: null }
        : headerJson(fork);
    };
    const fresh = await chain.ledger(between.url);
    await expect(fresh.committedIn(run, 0)).rejects.toMatchObject(UNPROVED);
    between.tamper = undefined;
    expect(await fresh.committedIn(run, 0)).toEqual(truth);
  });

  it('about the finalised head: invented, of a fork, older', async () => {
    const { run } = await driver.run();
    const truth = await ledger.finalized();
    const rpc = new JsonRpc(chain.url);
    const json = await rpc.call('chain_getHeader', [`0x${truth.hash}`]);
    const next = {
      ...unsealHeader(headerOf(objectAt(json, 'header'))).header,
      ...{ number: truth.number + 1, parentHash: truth.hash },
    };
    const inventor = signerFromSeed(new Uint8Array(32).fill(99));
    between.tamper = headIs(sealHeader(next, inventor));
    await expect(ledger.finalized()).rejects.toMatchObject(UNPROVED);
    await expect(ledger.anchored(run)).rejects.toMatchObject(UNPROVED);
    await expect(chain.ledger(between.url)).rejects.toMatchObject(UNPROVED); // a fresh client too
    const elsewhere = { ...next, parentHash: next.stateRoot };
    between.tamper = headIs(sealHeader(elsewhere, LEDGER_AUTHORITY));
    await expect(ledger.finalized()).rejects.toMatchObject(UNPROVED);
    const older = await rpc.call('chain_getBlockHash', [1]);
    between.tamper = ({ method }) => (method === 'chain_getFinalizedHead' ? older : undefined);
    expect(await ledger.finalized()).toEqual(truth);
    expect((await ledger.anchored(run))?.nextRound).toBe(0);
  });

  it('about the header of a block', async () => {
    const { run } = await driver.run();
    const older = headerJson(
      headerOf(objectAt(await new JsonRpc(chain.url).call('chain_getHeader', []), 'header')),
    );
    await driver.node(3n);
    between.tamper = ({ method }) => (method === 'chain_getHeader' ? older : undefined);
    await expect(ledger.anchored(run)).rejects.toMatchObject(UNPROVED);
  });

  it('about the calls of the runtime', async () => {
    between.tamper = async ({ method, params }, ask) =>
      method === 'state_getMetadata' || params[0] === 'Metadata_metadata_at_version'
        ? String(await ask(method, params)).replace(
            '636f6d6d69745f726f756e64',
            '636f6d6d69745f726f756e65',
          )
        : undefined; // commit_round
    await expect(chain.ledger(between.url)).rejects.toMatchObject({
      code: 'LEDGER_RUNTIME_UNKNOWN',
    });
  });

  it('is asked for nothing that could not be proved', async () => {
    await driver.node(9n);
    const { run, prev } = await driver.run();
    await driver.commit(await driver.header(run, 0, prev));
    const at = await ledger.finalized();
    await ledger.eligible(at);
    await ledger.consents(run, at);
    await ledger.round(run, 0);
    await ledger.openDemands();
    const asked = [...between.seen.keys()].filter((method) =>
      /^state_get(Storage|Keys)/.test(method),
    );
    expect(asked).toEqual([]);
    expect(between.seen.get('state_getReadProof')).toBeGreaterThan(3);
  });
});

function resealed(sealed: Header, changes: Partial<Header>): Header {
  return sealHeader({ ...unsealHeader(sealed).header, ...changes }, LEDGER_AUTHORITY);
}

/** A node that calls this header the finalised one. */
function headIs(header: Header): Tamper {
  const hash = `0x${headerHash(header)}`;
  return ({ method, params }) => {
    if (method === 'chain_getFinalizedHead') return hash;
    return method === 'chain_getHeader' && params[0] === hash ? headerJson(header) : undefined;
  };
}
