import { storageKey } from '@tallystick/chain/embedded';
import { signedExtrinsic } from '@tallystick/chain/testing';
import { asAccountId, asHash, asRunId, type RunId } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { GENESIS, HEADER, type Header, POP, recordHash, signRecord } from '@tallystick/record';
import { keyOf as storageKeyOf } from '../state/read-state.js';
import { readRun, runKey } from '../state/stored-run.js';
import { acceptRun, commitRound, createRun } from './fixture/tally-calls.js';
import { StandingClock, TestChain, testGenesis } from './fixture/test-chain.js';
import { operatorKeys } from './fixture/test-keys.js';

const RUN: RunId = asRunId(0);
const AT_MS = 1_000_000;
/** A Merkle root, a model, a spec: the chain sees hashes alone. */
const HASH = asHash('5a'.repeat(32));

/** Of a run of thousands of rounds, and with an era that ends: each takes more bytes than the smallest. */
const LATE_NONCE = 10_000;
const ERA_BYTES = 1;

/** Bytes that the commit of one round costs a chain. */
export interface RoundBytes {
  /** The signed extrinsic as it stands in the block, with its length. */
  readonly extrinsic: number;
  /** Events of the block, but for those that a block without the commit has as well. */
  readonly events: number;
  /** Keys and values that are there afterwards and were not before, and growth of what was. */
  readonly storage: number;
}

/** Commits one round with a cohort of `cohort` nodes, all counted, on a chain in this process, and counts. */
export async function roundBytes(cohort: number): Promise<RoundBytes> {
  const keys = operatorKeys();
  const clock = new StandingClock(AT_MS);
  const chain = await TestChain.open(await testGenesis(keys, 'bytes'), keys.authority, clock);
  try {
    const { treasury, account, coordinator } = keys;
    const proposal = { coordinator: account.key, spec: HASH, model: HASH, minNodes: 2 };
    await chain.block([treasury, createRun(proposal)]);
    const pop = { chain: chain.genesis, owner: asAccountId(account.key), key: coordinator.key };
    const { signature } = signRecord(POP, pop, coordinator);
    await chain.block([account, acceptRun(RUN, coordinator.key, signature)]);
    clock.set(AT_MS + 60_000);
    await chain.blockOf([]);
    const quiet = sizesOf(chain);
    const header = headerOf(chain, cohort);
    const call = commitRound(header, signRecord(HEADER, header, coordinator).signature);
    const late = signedExtrinsic(chain.host, call, { signer: account, nonce: LATE_NONCE });
    await chain.block([account, call]);
    if (readRun(chain.read, RUN)?.nextRound !== 1) throw new Error('the commit was refused');
    const after = sizesOf(chain);
    return {
      extrinsic: late.length + ERA_BYTES,
      events: after.events - quiet.events,
      storage: after.round + after.run - quiet.run - quiet.round,
    };
  } finally {
    await chain.close();
  }
}

function sizesOf({ read }: TestChain): { events: number; run: number; round: number } {
  const entry = (key: Uint8Array): number => {
    const value = read(key);
    return value === undefined ? 0 : key.length + value.length;
  };
  return {
    events: read(storageKey('System', 'Events'))?.length ?? 0,
    run: entry(runKey(RUN)),
    round: entry(storageKeyOf('Tally', 'Rounds', RUN, 0)),
  };
}

function headerOf({ genesis, head }: TestChain, cohort: number): Header {
  const genesisRecord = { chain: genesis, run: RUN, spec: HASH, model: HASH };
  return {
    chain: genesis,
    mode: 0,
    run: RUN,
    round: 0,
    prev: recordHash(sha256, GENESIS, genesisRecord),
    task: HASH,
    atBlock: head.number,
    modelBefore: HASH,
    modelAfter: HASH,
    stateAfter: HASH,
    contribRoot: HASH,
    included: cohort,
    sumWeight: BigInt(cohort),
    excludedRoot: HASH,
    excluded: 1,
    cohort: cohort + 1,
    metrics: HASH,
    deadlineMs: BigInt(AT_MS),
    closedAtMs: BigInt(AT_MS),
  };
}
