import { plainRun } from '@tallystick/chain/testing';
import { InMemoryRoundLedger } from '@tallystick/chain';
import { ed25519, generateKey, sha256 } from '@tallystick/kernel/node';
import { MemoryLogger } from '@tallystick/kernel/testing';
import {
  HEADER,
  POP,
  PROMISE,
  recordHash,
  signRecord,
  TASK,
  verifyRecord,
} from '@tallystick/record';
import { asNodeId, ZERO_HASH } from '@tallystick/kernel';
import { beforeEach, describe, expect, it } from 'vitest';
import { TestChainRun } from '../testing/test-chain-run.js';
import { KeyRing } from './key-ring.js';
import { keyHistories, succeedKey } from './succeed-key.js';

const next = generateKey();
let chain: TestChainRun;
let logger: MemoryLogger;
/** Newest header that was ever signed. */
let signed: number | undefined;
beforeEach(async () => {
  chain = await TestChainRun.open();
  logger = new MemoryLogger();
  signed = undefined;
});

const succeed = () =>
  succeedKey(next, { ledger: chain.ledger, newestSigned: () => signed, logger });
const keys = async () => (await chain.ledger.chainRun(chain.run))?.coordinatorKeys;

describe('succeedKey', () => {
  it('puts the key on the chain from the next round on, once', async () => {
    await chain.commitElsewhere(chain.next());
    signed = 0;
    expect(await succeed()).toBe(true);
    const both = [
      { fromRound: 0, key: chain.signer.key },
      { fromRound: 1, key: next.key },
    ];
    expect(await keys()).toEqual(both);
    expect(await succeed()).toBe(true); // a start that was cut off before the files were renamed
    expect(await keys()).toEqual(both);
  });

  it('waits for a round that is closed and not on the chain', async () => {
    await chain.commitElsewhere(chain.next());
    signed = 1;
    expect(await succeed()).toBe(false);
    expect(await keys()).toHaveLength(1);
  });

  it('waits for a run whose key has had no round, and changes no other run meanwhile', async () => {
    await chain.commitElsewhere(chain.next());
    const { ledger } = chain;
    const run = await ledger.createRun(plainRun({ spec: ZERO_HASH, model: ZERO_HASH }));
    const pop = {
      chain: await ledger.genesis(),
      owner: ledger.coordinatorAccount(),
      key: chain.signer.key,
    };
    await ledger.acceptRun(run, chain.signer.key, signRecord(POP, pop, chain.signer).signature);
    expect(await succeed()).toBe(false);
    expect(await keys()).toHaveLength(1);
    await ledger.closeRun(run);
    expect(await succeed()).toBe(true);
  });

  it('has nothing to do without runs', async () => {
    const ledger = new InMemoryRoundLedger({ sha256, ed25519 });
    expect(await succeedKey(next, { ledger, newestSigned: () => undefined, logger })).toBe(true);
  });
});

describe('KeyRing', () => {
  it('signs what is of a round with the key of that round, all else with the current one', async () => {
    const first = chain.next();
    await chain.commitElsewhere(first);
    await succeed();
    const second = chain.next();
    const ring = new KeyRing(next, [chain.signer], await keyHistories(chain.ledger));
    expect(ring.key).toBe(next.key);
    const by = (header: typeof first) => {
      const { signature } = signRecord(HEADER, header, ring);
      return [chain.signer, next].find(({ key }) =>
        verifyRecord(ed25519, HEADER, header, key, signature),
      );
    };
    expect(by(first)).toBe(chain.signer);
    expect(by(second)).toBe(next);
    expect(by({ ...second, run: 7 as never })).toBe(next); // a run that came after it
    const at = { chain: first.chain, run: first.run, round: 0 };
    const promise = { ...at, node: asNodeId(0), receipt: ZERO_HASH, dueMs: 1n };
    const { signature } = signRecord(PROMISE, promise, ring);
    expect(verifyRecord(ed25519, PROMISE, promise, chain.signer.key, signature)).toBe(true);
    const greeting = ring.sign(Buffer.from(recordHash(sha256, HEADER, first), 'hex'));
    expect(greeting).toBe(next.sign(Buffer.from(recordHash(sha256, HEADER, first), 'hex')));
    expect(TASK.tag).not.toEqual(PROMISE.tag);
  });

  it('signs nothing when the key of the round is not there', async () => {
    const first = chain.next();
    await chain.commitElsewhere(first);
    await succeed();
    const ring = new KeyRing(next, [], await keyHistories(chain.ledger));
    expect(() => signRecord(HEADER, first, ring)).toThrow(
      expect.objectContaining({ code: 'CONFIG_KEY_MISSING' }),
    );
  });
});
